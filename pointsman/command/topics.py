"""`pointsman topics`: every topic on the broker beside what it must be."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape

from pointsman.command.options import Json, State
from pointsman.command.output import print_json, print_rich, table
from pointsman.local.state import find
from shared.errors import PointsmanError
from shared.messages import Llm
from shared.stream.snapshot import snapshot
from shared.stream.survey import Surveyed, survey
from shared.topics import LLMS, Topic, lasting, of_llm

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def topics(as_json: Json = False, state: State = None) -> None:
    """Show every topic against what it must be: partitions, retention, records, and how far behind each group is.

    Fails when a topic is missing or differs. Changing the number of partitions is not supported yet.
    """
    found, wrong = asyncio.run(_look(state))
    if as_json:
        print_json({"topics": [asdict(one) for one in found], "problems": dict(wrong)})
    else:
        columns = ("Topic", "Partitions", "Kept", "Records", "Lag", "Problem")
        print_rich(table(*columns, rows=[_row(one, wrong.get(one.name, "")) for one in found], numbers=columns[1:4]))
    if wrong:
        told = "; ".join(f"{name}: {problem}" for name, problem in wrong.items())
        raise PointsmanError(f"not as they must be: {told}")


async def _look(state: Path | None) -> tuple[list[Surveyed], dict[str, str]]:
    fleet = find(state)
    found = await survey(fleet.kafka)
    llms = {llm.name: llm for llm in (Llm.decode(one.value) for one in await snapshot(fleet.kafka, LLMS.name))}
    queues = [queue for llm in llms.values() if not llm.removed for queue in of_llm(llm.name, llm.parallelism)]
    return found, problems(found, [*lasting(), *queues], fleet.home_partitions)


def problems(found: Sequence[Surveyed], expected: Sequence[Topic], home_partitions: int) -> dict[str, str]:
    """What is wrong, by topic; queues of LLMs may have more partitions than they need, others' topics are fine."""
    there = {one.name: one for one in found}
    judged = {topic.name: _problem(topic, there.get(topic.name), home_partitions) for topic in expected}
    return {name: problem for name, problem in judged.items() if problem is not None}


def _problem(topic: Topic, found: Surveyed | None, home_partitions: int) -> str | None:
    if found is None:
        return "is missing"
    if not topic.fits(found.partitions, home_partitions):
        return f"expected {topic.count(home_partitions)} partitions, found {found.partitions}"
    if found.retention_s != topic.retention_s:
        return f"expected to be kept {_kept(topic.retention_s)}, found {_kept(found.retention_s)}"
    return None if found.broker_time else "expected message.timestamp.type LogAppendTime"


def _row(one: Surveyed, problem: str) -> tuple[str, ...]:
    lag = ", ".join(f"{group} {count:,}" for group, count in one.lag.items())
    cells = (escape(one.name), str(one.partitions), _kept(one.retention_s), f"{one.records:,}", escape(lag))
    return (*cells, f"[red]{problem}[/]" if problem else "")


def _kept(retention_s: int | None) -> str:
    """A span in the largest unit that divides it; the newest of each key is kept for ever."""
    if retention_s is None:
        return "newest"
    unit_s, unit = next((size, name) for size, name in _UNITS if retention_s % size == 0)
    return f"{retention_s // unit_s} {unit}"
