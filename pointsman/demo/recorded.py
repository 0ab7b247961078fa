"""Recorded answers of real LLMs as material: real prompts, replayed answers."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pointsman.demo.generated import SETTINGS
from pointsman.demo.material import Asked, Lessons, Material, Outcomes, Pace
from pointsman.demo.options import DemoOptions
from pointsman.demo.table import Sizes, part
from pointsman.local.options import FleetOptions
from pointsman.training.recorded import Pool, read_pool
from services.simulator.descriptors import SPARE
from services.simulator.pools import read_prices
from shared.errors import ConfigurationError
from shared.messages import PolicyParameters, Response

#: With 800, some heads are not surely better than a constant, and an LLM without a head is sent what others find hard.
_LESSONS = 1600
_PACE = Pace(calm=3.0, burst=9.0)
#: Recorded answers are long: in real time the demo would be, too.
_SPEED = 6.0
_POLICY = PolicyParameters(tau_s=10.0, willingness_to_pay=5.0)
_NAME = "asked"


def recorded(options: DemoOptions, data: Path, pool_name: str) -> Material:
    """Queries of a pool, replayed by the simulator.

    Raises ConfigurationError when there is no such pool, or the data lacks one of its LLMs, its price or its costs.
    """
    pool = read_pool(f"{data / 'pools.json'}:{pool_name}")
    if len(pool.llms) < 2:
        raise ConfigurationError(f"expected a pool of at least 2 LLMs to choose from, {pool_name} has {len(pool.llms)}")
    read_prices(data, pool.llms)
    files = [data / f"{source}.parquet" for source in pool.source]
    parted = part(files, pool, Sizes(options.queries, _LESSONS), options.seed)
    llms = _joining_last(parted.lessons)
    replayed = options.state / "recorded"
    _write(replayed, data, files, parted.asked, Pool(source=(_NAME,), reference=pool.reference, llms=tuple(llms)))
    return Material(
        source=f"{pool_name}: recorded answers of {len(llms)} LLMs",
        asked=parted.asked,
        known=parted.known,
        grade=as_recorded(parted.known),
        lessons=parted.lessons,
        fleet=FleetOptions(
            state=options.state, data=replayed, pool=_NAME, simulate=len(llms) - 1, speed=_SPEED, settings=SETTINGS
        ),
        joining=options.state / "simulated" / SPARE / f"{llms[-1]}.env",
        pace=_PACE,
        policy=_POLICY,
    )


def as_recorded(known: Mapping[str, Outcomes]) -> Callable[[int, Response], float]:
    """Grades a replayed answer as it was graded when it was recorded."""

    def grade(number: int, response: Response) -> float:
        return float(known[response.llm or ""].quality[number])

    return grade


def _joining_last(lessons: Lessons) -> list[str]:
    """The pool's LLMs, the second most worthwhile one last: it joins, and the first ones do without it until then."""
    answers = lessons.recorded.answers
    reference_usd = answers[lessons.reference].cost_usd.mean()

    def worth(llm: str) -> float:
        one = answers[llm]
        return float(_POLICY.willingness_to_pay * one.quality.mean() - one.cost_usd.mean() / reference_usd)

    joining = sorted(answers, key=worth)[-2]
    return [llm for llm in answers if llm != joining] + [joining]


def _write(folder: Path, source: Path, files: Sequence[Path], asked: Sequence[Asked], replayed: Pool) -> None:
    """The asked queries' answers as a data set of their own, which the simulator reads at once."""
    folder.mkdir(parents=True, exist_ok=True)
    prompts = [one.prompt for one in asked]
    wanted = [("llm", "in", list(replayed.llms)), ("prompt", "in", prompts)]
    tables = [pq.read_table(file, filters=wanted) for file in files]
    pq.write_table(pa.concat_tables(tables, promote_options="default"), folder / f"{_NAME}.parquet")
    (folder / "pools.json").write_text(json.dumps({_NAME: replayed.model_dump(mode="json")}))
    shutil.copy(source / "llm_prices.csv", folder)
