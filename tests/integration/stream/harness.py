"""Running lanes in tests: handlers that copy or keep, and waiting with a deadline."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.metrics import Metrics
from shared.stream.admin import committed_offsets, end_offsets
from shared.stream.batch import BatchLane
from shared.stream.clock import BrokerClock
from shared.stream.lane import Lane, LaneSettings
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Record
from shared.stream.snapshot import snapshot
from shared.topics import Topic, dead


@asynccontextmanager
async def running(*lanes: Lane) -> AsyncIterator[None]:
    """Run lanes until the end of the block, then stop them; a lane that fails fails the test."""
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    try:
        await until(lambda: all(lane.ready() for lane in lanes) or any(task.done() for task in tasks))
        yield
    finally:
        await asyncio.gather(*(lane.stop() for lane in lanes))
        await asyncio.gather(*tasks)


async def until(true: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait for it, or fail."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not true within {timeout_s} s"
        await asyncio.sleep(0.02)


def as_text(record: Record) -> str:
    return record.value.decode()


@dataclass
class Copies:
    """Copies each record to `target`, same partition number."""

    target: Topic
    #: Raised before anything is copied, once per call that finds one.
    errors: list[Exception] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)

    async def handle(self, batch: Sequence[tuple[Record, str]]) -> Sequence[Outgoing]:
        if self.errors:
            raise self.errors.pop()
        self.batches.append([text for _, text in batch])
        return [Outgoing(self.target.name, text.encode(), record.position.partition) for record, text in batch]


@dataclass(frozen=True)
class Bench:
    """One broker and what a process has once."""

    kafka: str
    producer: Producer
    metrics: Metrics
    clock: BrokerClock

    def settings(self, topic: Topic, instance: str = "one", **changes: object) -> LaneSettings:
        values: dict[str, object] = {
            "name": "lane",
            "kafka": self.kafka,
            "group": f"group-{topic.name}",
            "topics": (topic.name,),
            "instance": instance,
        }
        return LaneSettings(**(values | changes))  # type: ignore[arg-type]

    def copying(self, source: Topic, handler: Copies, instance: str = "one", max_records: int = 100) -> BatchLane[str]:
        return BatchLane(
            self.settings(source, instance),
            as_text,
            handler,
            self.producer,
            self.metrics,
            self.clock,
            max_records=max_records,
        )

    def cut_off(self, topic: Topic) -> float:
        """Records whose batches drains did not wait for."""
        return self.metrics.registry.get_sample_value("pointsman_cut_off_records_total", {"topic": topic.name}) or 0

    async def texts(self, topic: Topic | str) -> Counter[str]:
        """How often each value lies on a topic."""
        name = topic if isinstance(topic, str) else topic.name
        return Counter(record.value.decode() for record in await snapshot(self.kafka, name))

    async def letters(self, topic: Topic) -> list[Record]:
        """The dead letters of a topic."""
        return await snapshot(self.kafka, dead(topic).name)

    async def arrived(self, topic: Topic, expected: set[str], timeout_s: float = 60) -> Counter[str]:
        """Wait until every expected value is there; what is there then."""
        deadline = time.monotonic() + timeout_s
        while True:
            texts = await self.texts(topic)
            if expected <= texts.keys():
                return texts
            missing = sorted(expected - texts.keys())
            assert time.monotonic() < deadline, f"{len(missing)} did not arrive, such as {missing[:5]}"
            await asyncio.sleep(0.1)

    async def committed(self, topic: Topic, at_least: int = 0, timeout_s: float = 60) -> int:
        """Wait until the group has committed so many records, over all partitions; how many it has."""
        deadline = time.monotonic() + timeout_s
        while True:
            count = sum((await committed_offsets(self.kafka, f"group-{topic.name}", topic.name)).values())
            if count >= at_least:
                return count
            assert time.monotonic() < deadline, f"{count} of {at_least} records were committed"
            await asyncio.sleep(0.1)

    async def all_committed(self, topic: Topic, timeout_s: float = 30) -> None:
        """Wait until the group has committed the ends."""
        deadline = time.monotonic() + timeout_s
        while await committed_offsets(self.kafka, f"group-{topic.name}", topic.name) != await end_offsets(
            self.kafka, topic.name
        ):
            assert time.monotonic() < deadline, "the ends were not committed"
            await asyncio.sleep(0.1)
