"""Real endpoints as material: exercises to ask, and nothing known of what is not asked."""

from itertools import islice
from pathlib import Path

from pointsman.demo.generated import PACE, POLICY, computed
from pointsman.demo.material import Asked, Material
from pointsman.demo.options import DemoOptions
from pointsman.local import descriptors
from pointsman.local.options import FleetOptions
from services.simulator.dataset import distinct
from shared.errors import ConfigurationError

_KEY_FILE = "POINTSMAN_LLM_API_KEY_FILE"


def real(options: DemoOptions, llms: Path, keys: Path | None) -> Material:
    """The generated exercises for the LLMs described in a folder, which compete with their descriptors' priors.

    Raises ConfigurationError when there are none, or one's key is not in the folder `keys`.
    """
    _check(llms, keys)
    asked = tuple(Asked(task.prompt, task.topic) for task in islice(distinct(options.seed), options.queries))
    return Material(
        source=f"generated exercises, the LLMs of {llms}",
        asked=asked,
        known={},
        grade=computed(asked),
        lessons=None,
        fleet=FleetOptions(state=options.state, llms=llms),
        joining=None,
        pace=PACE,
        policy=POLICY,
    )


def _check(llms: Path, keys: Path | None) -> None:
    files = descriptors.watched(llms)
    if not files:
        raise ConfigurationError(f"--llms: expected one *.env file for each LLM in {llms}, found none")
    for file in files.values():
        key = descriptors.read(file).get(_KEY_FILE)
        if key and (keys is None or not (keys / key).is_file()):
            raise ConfigurationError(
                f"{file}: its key file {key} was not found; set POINTSMAN_KEYS_DIR to the folder it lies in"
            )
