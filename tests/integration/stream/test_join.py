"""The join shape on a real broker."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.errors import PermanentError, TransientError
from shared.stream.admin import committed_offsets
from shared.stream.handlers import Watermark
from shared.stream.join import JoinLane
from shared.stream.records import Acknowledgement, Outgoing, Record
from shared.topics import Topic
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, running, until


@dataclass
class Pairs:
    """Finishes two records of two topics once both are there."""

    left: str
    right: str
    paused: frozenset[str] = frozenset()
    poison: bytes | None = None
    tick_errors: list[Exception] = field(default_factory=list)
    kept: dict[tuple[str, bytes], Record] = field(default_factory=dict)
    pairs: list[bytes] = field(default_factory=list)
    forgotten: list[frozenset[int]] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    busy: bool = False

    def bind(self, finish: Callable[[Record], None], watermark: Callable[[str, int], Watermark]) -> None:
        self.finish, self.watermark = finish, watermark

    async def receive(self, record: Record) -> None:
        assert not self.busy
        if record.value == self.poison:
            raise PermanentError("poison")
        self.kept[record.position.topic, record.value] = record

    async def tick(self, now: float) -> None:
        assert not self.busy
        self.busy = True
        await asyncio.sleep(0)
        self.busy = False
        self.ticks.append(now)
        if self.tick_errors:
            raise self.tick_errors.pop()
        for (topic, value), record in list(self.kept.items()):
            other = self.kept.get((self.right, value)) if topic == self.left else None
            if other is not None:
                self.pairs.append(value)
                for one in (record, other):
                    self.finish(one)
                    del self.kept[one.position.topic, value]

    def forget(self, partitions: frozenset[int]) -> None:
        assert not self.busy
        self.forgotten.append(partitions)
        self.kept = {key: record for key, record in self.kept.items() if record.position.partition not in partitions}

    def wants_pause(self) -> frozenset[str]:
        return self.paused


def lane_of(bench: Bench, left: Topic, right: Topic, handler: Pairs, instance: str = "one") -> JoinLane:
    settings = bench.settings(left, instance, topics=(left.name, right.name))
    return JoinLane(settings, handler, bench.producer, bench.metrics, bench.clock)


async def test_pairs_are_finished_and_the_unpaired_hold_their_offset(bench: Bench, make_topic: MakeTopic) -> None:
    left, right = await make_topic(2), await make_topic(2)
    handler = Pairs(left.name, right.name)
    await bench.producer(numbered(left, range(0, 40, 2), partition=0))
    await bench.producer(numbered(right, [n for n in range(40) if n != 20], partition=0))

    async with running(lane_of(bench, left, right, handler)):
        await until(lambda: len(handler.pairs) == 19)
    committed = [await committed_offsets(bench.kafka, f"group-{left.name}", topic.name) for topic in (left, right)]

    assert committed[0][0] == 10
    assert committed[1][0] == 1
    assert handler.forgotten == [frozenset({0, 1})]
    assert handler.kept == {}


async def test_one_replica_gets_the_same_partitions_of_all_topics_and_nothing_is_lost(
    bench: Bench, make_topic: MakeTopic
) -> None:
    left, right = await make_topic(4), await make_topic(4)
    first, second = Pairs(left.name, right.name), Pairs(left.name, right.name)
    await bench.producer(numbered(left, range(100)))

    async with running(lane_of(bench, left, right, first, "a")):
        await until(lambda: len(first.kept) == 100)
        async with running(lane_of(bench, left, right, second, "b")):
            await bench.producer(numbered(right, range(100)))
            await until(lambda: len(set(first.pairs) | set(second.pairs)) == 100)
            await bench.all_committed(left)

    assert len(first.pairs) + len(second.pairs) == 100
    assert second.pairs


async def test_paused_topics_are_not_read_until_resumed(bench: Bench, make_topic: MakeTopic) -> None:
    left, right = await make_topic(1), await make_topic(1)
    handler = Pairs(left.name, right.name, paused=frozenset({right.name}))
    await bench.producer([*numbered(left, range(10)), *numbered(right, range(10))])

    async with running(lane_of(bench, left, right, handler)):
        await until(lambda: len(handler.kept) == 10)
        ticks = len(handler.ticks)
        await until(lambda: len(handler.ticks) > ticks + 50)
        assert {topic for topic, _ in handler.kept} == {left.name}
        handler.paused = frozenset()
        await until(lambda: len(handler.pairs) == 10)
        await bench.all_committed(left)


async def test_the_watermark_says_how_far_a_partition_was_read(bench: Bench, make_topic: MakeTopic) -> None:
    left, right = await make_topic(1), await make_topic(1)
    handler = Pairs(left.name, right.name)
    [acknowledgement] = await bench.producer(numbered(left, [1]))

    async with running(lane_of(bench, left, right, handler)):
        await until(lambda: handler.watermark(left.name, 0) == Watermark(acknowledgement.appended_at, at_end=True))
        await until(lambda: handler.watermark(right.name, 0) == Watermark(None, at_end=True))

    assert handler.watermark(left.name, 0) == Watermark(None, at_end=False)


async def test_ticks_come_with_broker_time_and_survive_transient_failures(bench: Bench, make_topic: MakeTopic) -> None:
    left, right = await make_topic(1), await make_topic(1)
    handler = Pairs(left.name, right.name, tick_errors=[TransientError("away")] * 3)
    await bench.producer([*numbered(left, range(10)), *numbered(right, range(10))])

    async with running(lane_of(bench, left, right, handler)):
        await until(lambda: len(handler.pairs) == 10)

    assert handler.ticks == sorted(handler.ticks)
    assert abs(handler.ticks[-1] - bench.clock.now()) < 60
    assert bench.metrics.registry.get_sample_value("pointsman_retries_total", {"topic": "lane"}) == 3


async def test_a_record_that_cannot_be_received_is_dead_lettered(bench: Bench, make_topic: MakeTopic) -> None:
    left, right = await make_topic(1), await make_topic(1)
    handler = Pairs(left.name, right.name, poison=b"5")
    await bench.producer(numbered(left, range(10)))
    await bench.producer(numbered(right, [n for n in range(10) if n != 5]))

    async with running(lane_of(bench, left, right, handler)):
        await until(lambda: len(handler.pairs) == 9)
        await bench.all_committed(left)

    assert [letter.value for letter in await bench.letters(left)] == [b"5"]


async def test_a_dead_letter_that_waits_for_the_broker_does_not_hold_up_a_drain(
    bench: Bench, make_topic: MakeTopic
) -> None:
    left, right = await make_topic(1), await make_topic(1)
    handler = Pairs(left.name, right.name, poison=b"5")
    burying = asyncio.Event()

    async def never(outgoing: Sequence[Outgoing]) -> Sequence[Acknowledgement]:
        burying.set()
        await asyncio.Event().wait()
        return ()

    lane = JoinLane(
        bench.settings(left, topics=(left.name, right.name)), handler, never, bench.metrics, bench.clock
    )  # fmt: skip
    await bench.producer(numbered(left, [4, 5]))

    async with asyncio.timeout(30), running(lane):
        await bench.producer(numbered(right, [4]))
        await burying.wait()

    assert handler.forgotten == [frozenset({0})]
    committed = await committed_offsets(bench.kafka, f"group-{left.name}", left.name)
    assert committed[0] <= 1, "the record without a dead letter is its next owner's"
