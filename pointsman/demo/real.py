"""Real endpoints as material: exercises to ask, and nothing known of what is not asked."""

from itertools import islice

from pointsman.demo.generated import PACE, POLICY, computed
from pointsman.demo.material import Asked, Material
from pointsman.demo.options import DemoOptions
from pointsman.local.options import FleetOptions
from services.simulator.dataset import distinct


def real(options: DemoOptions) -> Material:
    """The generated exercises for the LLMs of `options.llms`, which compete with their descriptors' priors."""
    asked = tuple(Asked(task.prompt, task.topic) for task in islice(distinct(options.seed), options.queries))
    return Material(
        source=f"generated exercises, the LLMs of {options.llms}",
        asked=asked,
        known={},
        grade=computed(asked),
        lessons=None,
        fleet=FleetOptions(state=options.state, llms=options.llms),
        joining=None,
        pace=PACE,
        policy=POLICY,
    )
