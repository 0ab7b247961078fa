"""What the seam's tests share: a bench on the session's broker, and topics of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import uuid4

import pytest

from shared.metrics import Metrics
from shared.stream.admin import create_topics
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.stream.records import Outgoing
from shared.topics import Topic, dead
from tests.integration.stream.harness import Bench

MakeTopic = Callable[[int], Awaitable[Topic]]


@pytest.fixture
async def bench(kafka: str) -> AsyncIterator[Bench]:
    clock = BrokerClock()
    producer = Producer(kafka, clock)
    await producer.start()
    yield Bench(kafka, producer, Metrics(), clock)
    await producer.stop()


@pytest.fixture
def make_topic(kafka: str) -> MakeTopic:
    async def make(partitions: int) -> Topic:
        topic = Topic(f"seam-{uuid4().hex[:12]}", partitions, 3600, ("test",), "Test")
        await create_topics(kafka, [topic, dead(topic)], home_partitions=partitions)
        return topic

    return make


def numbered(topic: Topic, numbers: Sequence[int], partition: int | None = None) -> list[Outgoing]:
    """Records whose value is a number, spread over the partitions unless one is named."""
    assert isinstance(topic.partitions, int)
    return [
        Outgoing(topic.name, str(n).encode(), n % topic.partitions if partition is None else partition) for n in numbers
    ]
