"""Topics, and how far groups are, as the broker tells."""

import re
import time
from dataclasses import replace
from uuid import uuid4

import pytest

from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.stream.admin import (
    check_topics,
    committed_offsets,
    create_topics,
    end_offsets,
    lag,
    partition_counts,
)
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.stream.records import Outgoing
from shared.stream.retry import Retry
from shared.topics import CAPACITY, MAX_REQUEST_BYTES, Topic
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, Copies, running


def home_topic() -> Topic:
    return Topic(f"seam-{uuid4().hex[:12]}", "home", 3600, ("test",), "Test")


async def test_topics_are_created_once_and_checked(kafka: str) -> None:
    home, own = home_topic(), Topic(f"seam-{uuid4().hex[:12]}", 3, None, ("test",), "Test")

    for _ in range(2):
        await create_topics(kafka, [home, own], home_partitions=4)
        await check_topics(kafka, [home, own], home_partitions=4)

    assert await partition_counts(kafka, [home.name, own.name, "missing"]) == {home.name: 4, own.name: 3}


async def test_a_queue_grows_and_never_shrinks(kafka: str) -> None:
    name = f"seam-{uuid4().hex[:12]}"

    for partitions in (2, 5, 3):
        await create_topics(kafka, [Topic(name, partitions, 3600, ("test",), "Test")], home_partitions=1)

    assert await partition_counts(kafka, [name]) == {name: 5}


async def test_a_topic_that_is_not_as_declared_is_named(kafka: str) -> None:
    home = home_topic()
    with pytest.raises(ConfigurationError, match=f"{home.name} does not exist"):
        await check_topics(kafka, [home], home_partitions=4)

    await create_topics(kafka, [home], home_partitions=4)
    with pytest.raises(ConfigurationError, match=re.escape(f"{home.name}: expected 12 partitions, found 4")):
        await check_topics(kafka, [home], home_partitions=12)


async def test_a_topic_without_broker_time_is_refused(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = home_topic()
    monkeypatch.setattr(Topic, "config", lambda self: {"message.timestamp.type": "CreateTime"})
    await create_topics(kafka, [topic], home_partitions=1)

    with pytest.raises(ConfigurationError, match="LogAppendTime, found CreateTime"):
        await check_topics(kafka, [topic], home_partitions=1)


async def test_lag_is_what_a_group_has_not_finished(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(2), await make_topic(2)
    group = f"group-{source.name}"
    await bench.producer(numbered(source, range(10)))
    assert await lag(bench.kafka, group, [source.name, target.name]) == {source.name: 10, target.name: 0}

    async with running(bench.copying(source, Copies(target))):
        await bench.all_committed(source)
    await bench.producer(numbered(source, range(3)))

    assert await end_offsets(bench.kafka, source.name) == {0: 7, 1: 6}
    assert await committed_offsets(bench.kafka, group, source.name) == {0: 5, 1: 5}
    assert await lag(bench.kafka, group, [source.name]) == {source.name: 3}


async def test_acknowledgements_come_in_order_with_broker_time(bench: Bench, make_topic: MakeTopic) -> None:
    topic = await make_topic(2)

    acknowledgements = await bench.producer(numbered(topic, range(6)))

    assert [one.position for one in acknowledgements] == [(topic.name, n % 2, n // 2) for n in range(6)]
    assert all(abs((one.appended_at or 0) - bench.clock.now()) < 30 for one in acknowledgements)
    assert bench.clock.offset_s != 0


async def test_a_process_whose_clock_is_wrong_learns_the_time_before_it_tells_anything(kafka: str) -> None:
    await create_topics(kafka, [CAPACITY], home_partitions=4)
    clock = BrokerClock(local=lambda: time.time() + 1000)
    producer = Producer(kafka, clock)

    await producer.learn_time()

    assert abs(clock.now() - time.time()) < 60
    await producer.stop()


async def test_a_record_the_broker_would_refuse_is_refused_before_it_is_sent(
    bench: Bench, make_topic: MakeTopic
) -> None:
    topic = await make_topic(1)

    with pytest.raises(PermanentError, match=f"at most {MAX_REQUEST_BYTES}"):
        await bench.producer([Outgoing(topic.name, b"x"), Outgoing(topic.name, b"x" * MAX_REQUEST_BYTES)])

    [acknowledgement] = await bench.producer([Outgoing(topic.name, b"x", 0)])
    assert acknowledgement.position.offset == 0


async def test_a_record_for_a_partition_to_come_is_produced_once_it_is_there(bench: Bench) -> None:
    small = Topic(f"seam-{uuid4().hex[:12]}", 1, 3600, ("test",), "Test")
    await create_topics(bench.kafka, [small], home_partitions=4)
    record = Outgoing(small.name, b"x", partition=2)
    await bench.producer([Outgoing(small.name, b"x", partition=0)])

    with pytest.raises(TransientError, match="has 1 partitions, the record was for number 2"):
        await bench.producer([record])
    await create_topics(bench.kafka, [replace(small, partitions=3)], home_partitions=4)
    [acknowledgement] = await Retry(bench.metrics)(small.name, lambda: bench.producer([record]))

    assert acknowledgement.position == (small.name, 2, 0)


async def test_without_a_broker_producing_fails_as_transient() -> None:
    producer = Producer("127.0.0.1:1", BrokerClock())

    with pytest.raises(TransientError, match=r"no broker answers at 127\.0\.0\.1:1"):
        await producer([Outgoing("queries", b"x")])
    await producer.stop()
