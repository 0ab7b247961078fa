"""The concurrent shape on a real broker."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import pytest

from shared.errors import PermanentError, TransientError
from shared.stream.admin import committed_offsets
from shared.stream.calls import Calls
from shared.stream.concurrent import ConcurrentLane
from shared.stream.headers import Death
from shared.stream.records import Record
from shared.topics import Topic
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, as_text, running, until


@dataclass
class Held:
    """Holds each call until its text is let go; all are when `open` is set."""

    open: bool = False
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    let_go: set[str] = field(default_factory=set)

    async def handle(self, record: Record, message: str) -> None:
        self.began.append(message)
        if self.errors.get(message):
            raise self.errors[message].pop()
        try:
            await until(lambda: self.open or message in self.let_go)
        except asyncio.CancelledError:
            self.cancelled.append(message)
            raise
        self.ended.append(message)

    @property
    def in_flight(self) -> set[str]:
        return set(self.began) - set(self.ended)


def lane_of(
    bench: Bench,
    source: Topic,
    handler: Held,
    slots: int = 4,
    instance: str = "one",
    lesser_topics: tuple[str, ...] = (),
    calls: Calls | None = None,
    drain_s: float = 5,
) -> ConcurrentLane[str]:
    return ConcurrentLane(
        bench.settings(source, instance), as_text, handler, bench.producer, bench.metrics, bench.clock,
        slots=lambda topic, partition: slots, calls=calls, lesser_topics=lesser_topics, drain_s=drain_s,
    )  # fmt: skip


async def test_fast_calls_pass_a_slow_one_and_nothing_is_committed_past_it(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(50)))
    handler = Held(let_go={str(n) for n in range(50) if n != 3})

    async with running(lane_of(bench, source, handler, slots=2)):
        await until(lambda: len(handler.ended) == 49)
        await asyncio.sleep(1.5)
        assert await committed_offsets(bench.kafka, f"group-{source.name}", source.name) == {0: 3}
        handler.open = True
        await bench.all_committed(source)

    assert Counter(handler.began) == Counter(str(n) for n in range(50))


async def test_a_partition_has_as_many_calls_as_slots_and_others_go_on(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(2)
    await bench.producer(numbered(source, range(10), partition=0))
    handler = Held()
    lane = lane_of(bench, source, handler, slots=3)

    async with running(lane):
        await until(lambda: len(handler.began) == 3)
        await bench.producer(numbered(source, range(100, 102), partition=1))
        await until(lambda: handler.in_flight == {"0", "1", "2", "100", "101"})
        views = {view.partition: view for view in lane.partitions()}
        handler.open = True
        await bench.all_committed(source)

    assert [record.value for record in views[0].in_flight] == [b"0", b"1", b"2"]
    assert (views[0].next_offset, views[1].next_offset) == (3, 2)
    assert views[0].owned_since > 0


async def test_records_without_a_slot_come_one_by_one(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(3)))
    handler = Held()

    async with running(lane_of(bench, source, handler, slots=0)):
        for number in ("0", "1", "2"):
            await until(partial(handler.began.__contains__, number))
            await asyncio.sleep(0.1)
            assert handler.in_flight == {number}
            handler.let_go.add(number)
        await bench.all_committed(source)


async def test_lesser_topics_share_slots_and_yield(bench: Bench, make_topic: MakeTopic) -> None:
    main, lesser = await make_topic(1), await make_topic(1)
    await bench.producer(numbered(lesser, range(100, 110)))
    await bench.producer(numbered(main, range(10)))
    handler = Held()

    async with running(lane_of(bench, main, handler, slots=2, lesser_topics=(lesser.name,))):
        await until(lambda: len(handler.began) == 2)
        handler.let_go |= {str(n) for n in range(10)}
        await until(lambda: len(handler.began) == 12)
        assert handler.began[:10] == [str(n) for n in range(10)]
        assert handler.in_flight == {"100", "101"}
        handler.open = True
        await bench.all_committed(main)


async def test_a_transient_failure_holds_its_slot_only(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(20)))
    handler = Held(open=True, errors={"0": [TransientError("away")] * 5})

    async with running(lane_of(bench, source, handler, slots=2)):
        await until(lambda: len(handler.ended) == 20)
        await bench.all_committed(source)

    assert handler.ended[-1] == "0"
    assert handler.began.count("0") == 6


async def test_a_permanent_failure_is_dead_lettered(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(5)))
    handler = Held(open=True, errors={"2": [PermanentError("not two")]})

    async with running(lane_of(bench, source, handler)):
        await bench.all_committed(source)
    [letter] = await bench.letters(source)

    assert (letter.value, Death.of(letter.headers).message) == (b"2", "not two")


async def test_a_record_that_comes_back_joins_its_call(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(3)))
    keeping, idle = Held(), Held()
    lane = lane_of(bench, source, keeping, instance="a")

    async with running(lane):
        await until(lambda: len(keeping.began) == 3)
        first = lane.partitions()[0].owned_since
        async with running(lane_of(bench, source, idle, instance="b")):
            await until(lambda: any(v.owned_since > first and v.next_offset == 3 for v in lane.partitions()))
            keeping.open = True
            await bench.all_committed(source)

    assert Counter(keeping.began) == {"0": 1, "1": 1, "2": 1}
    assert idle.began == []


async def test_a_call_that_ends_after_its_partition_went_commits_nothing(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(2)))
    leaving, owning = Held(), Held()

    async with running(lane_of(bench, source, leaving, instance="b")):
        await until(lambda: len(leaving.began) == 2)
        async with running(lane_of(bench, source, owning, instance="a")):
            await until(lambda: len(owning.began) == 2)
            leaving.open = True
            await until(lambda: len(leaving.ended) == 2)
            await asyncio.sleep(1.5)
            assert (await committed_offsets(bench.kafka, f"group-{source.name}", source.name)).get(0, 0) == 0
            owning.open = True
            await bench.all_committed(source)


async def test_stopping_leaves_at_once_and_cancels_what_outlasts_the_drain(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(2)))
    stopped, next_owner = Held(), Held(open=True)
    lane = lane_of(bench, source, stopped, drain_s=4)

    running_lane = asyncio.create_task(lane.run())
    await until(lambda: len(stopped.began) == 2)
    stopping = asyncio.create_task(lane.stop())
    await running_lane
    async with running(lane_of(bench, source, next_owner)):
        stopped.let_go.add("0")
        await stopping
        await bench.all_committed(source)

    assert stopped.ended == ["0"]
    assert stopped.cancelled == ["1"]
    assert sorted(next_owner.ended) == ["0", "1"]


async def test_a_rebuilt_lane_finds_the_calls_of_the_one_before_it(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(3)))
    handler = Held(errors={"2": [OSError("too many open files")]})
    calls = Calls()

    with pytest.raises(OSError, match="too many"):
        await lane_of(bench, source, handler, calls=calls).run()
    async with running(lane_of(bench, source, handler, calls=calls)):
        await until(lambda: handler.began.count("2") == 2)
        handler.open = True
        await bench.all_committed(source)

    assert Counter(handler.began) == {"0": 1, "1": 1, "2": 2}


async def test_a_call_that_waits_ends_with_the_lane_that_failed(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(2)))
    calls = Calls()
    handler = Held(open=True, errors={"0": [TransientError("away")] * 1000, "1": [OSError("too many open files")]})

    with pytest.raises(OSError, match="too many"):
        await lane_of(bench, source, handler, calls=calls).run()

    await until(lambda: calls.running(0) == 0, timeout_s=10)


async def test_a_long_call_is_no_lack_of_progress_where_nothing_else_waits(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    await bench.producer(numbered(source, range(1)))
    handler = Held()
    lane = lane_of(bench, source, handler, slots=2)

    async with running(lane):
        await until(lambda: handler.in_flight == {"0"} and lane.lag() == 1)
        await asyncio.sleep(2)
        age_s = lane.progress_age_s()
        handler.open = True
        await bench.all_committed(source)

    assert age_s == 0
