"""The generated workload as material: exercises whose answers are computed, LLMs of planted skill."""

from collections.abc import Callable

from pointsman.demo.material import Asked, Material, Pace
from pointsman.demo.options import DemoOptions
from pointsman.demo.table import Sizes, part
from pointsman.local.options import FleetOptions
from pointsman.training.recorded import Pool
from services.simulator.dataset import write_dataset
from services.simulator.descriptors import SPARE
from services.simulator.profiles import CAST
from services.simulator.workload import check
from shared.messages import PolicyParameters, Response

#: One cheap LLM, two specialists and a strong one from the start; a third specialist joins.
_FIRST = 4
LLMS = CAST[: _FIRST + 1]
_LESSONS = 900
PACE = Pace(calm=3.0, burst=9.0)
#: Somebody who watches waits less patiently than by default.
POLICY = PolicyParameters(tau_s=10.0, willingness_to_pay=4.0)
#: An LLM that falls silent is given up sooner than in production, where nobody watches; the heads stay those of the
#: curve, whatever the feedback.
SETTINGS = {"POINTSMAN_STALL_S": "4", "POINTSMAN_TRAIN_AFTER_ROWS": "1000000"}


def generated(options: DemoOptions) -> Material:
    """Exercises of ten topics, drawn from the seed; what every LLM makes of each follows from its skill."""
    sizes = Sizes(options.queries, _LESSONS)
    source = "generated"
    options.state.mkdir(parents=True, exist_ok=True)
    file = options.state / f"{source}.parquet"
    write_dataset(file, 2 * sizes.asked + sizes.lessons, LLMS)
    pool = Pool(source=(source,), reference=_dearest(), llms=tuple(llm.name for llm in LLMS))
    parted = part([file], pool, sizes, options.seed)
    return Material(
        source="generated exercises, LLMs of planted skill",
        asked=parted.asked,
        known=parted.known,
        grade=computed(parted.asked),
        lessons=parted.lessons,
        fleet=FleetOptions(state=options.state, simulate=_FIRST, settings=SETTINGS),
        joining=options.state / "simulated" / SPARE / f"{LLMS[-1].name}.env",
        pace=PACE,
        policy=POLICY,
    )


def computed(asked: tuple[Asked, ...]) -> Callable[[int, Response], float]:
    """Grades an exercise by computing its answer."""

    def grade(number: int, response: Response) -> float:
        return check(asked[number].prompt, response.text or "")

    return grade


def _dearest() -> str:
    return max(LLMS, key=lambda llm: llm.usd_per_mtok_output).name
