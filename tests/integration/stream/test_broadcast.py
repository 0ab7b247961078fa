"""Topics that every process reads whole."""

import asyncio
from typing import Literal

from shared.errors import PermanentError
from shared.stream.broadcast import BroadcastLane
from shared.stream.records import Record
from shared.topics import Topic
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, running, until


def lane_of(
    bench: Bench, topic: Topic, texts: list[str], start: Literal["beginning"] | float = "beginning"
) -> BroadcastLane:
    def receive(record: Record) -> None:
        if record.value == b"13":
            raise PermanentError("unlucky")
        if record.value == b"14":
            raise KeyError("nobody foresaw it")
        texts.append(record.value.decode())

    return BroadcastLane("broadcast", bench.kafka, (topic.name,), receive, start, bench.metrics)


async def test_every_reader_gets_everything_and_what_follows(bench: Bench, make_topic: MakeTopic) -> None:
    topic = await make_topic(2)
    first: list[str] = []
    second: list[str] = []
    await bench.producer(numbered(topic, range(20)))

    lanes = lane_of(bench, topic, first), lane_of(bench, topic, second)
    async with running(*lanes):
        assert set(first) == set(second) == {str(n) for n in range(20) if n not in (13, 14)}
        await bench.producer(numbered(topic, range(20, 30)))
        await until(lambda: len(first) == len(second) == 28)

    assert [lane.lag() for lane in lanes] == [0, 0]


async def test_an_empty_topic_is_caught_up_at_once(bench: Bench, make_topic: MakeTopic) -> None:
    lane = lane_of(bench, await make_topic(3), [])

    async with running(lane):
        assert lane.caught_up.is_set()


async def test_it_starts_some_seconds_back(bench: Bench, make_topic: MakeTopic) -> None:
    topic = await make_topic(1)
    texts: list[str] = []
    await bench.producer(numbered(topic, range(5)))
    await asyncio.sleep(2)
    await bench.producer(numbered(topic, range(5, 10)))

    async with running(lane_of(bench, topic, texts, start=1.0)):
        await until(lambda: "9" in texts)

    assert texts == [str(n) for n in range(5, 10)]
