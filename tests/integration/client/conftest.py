"""A fleet that is not one: it reads queries and writes what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from pointsman import Client
from shared.messages import Query, Response, ResponseChunk
from shared.stream.admin import create_topics
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.stream.records import Outgoing
from shared.topics import QUERIES, RESPONSE_CHUNKS, RESPONSES, lasting, origin_of

HOME_PARTITIONS = 4


@dataclass(frozen=True)
class Asked:
    """A query as the fleet reads it."""

    query: Query
    origin: str

    def response(self, **fields: object) -> Outgoing:
        given = {"status": "answered", "text": f"echo: {self.query.prompt}", "decision_id": "d", "attempt": 1} | fields
        response = Response.model_validate(self._identity() | given)
        return Outgoing(RESPONSES.name, response.encode(), self.query.reply_partition)

    def chunk(self, attempt: int, seq: int, text: str) -> Outgoing:
        chunk = ResponseChunk.model_validate(self._identity() | {"attempt": attempt, "seq": seq, "text": text})
        return Outgoing(RESPONSE_CHUNKS.name, chunk.encode(), self.query.reply_partition)

    def _identity(self) -> dict[str, object]:
        return {"query_id": self.query.query_id, "tenant": self.query.tenant, "origin": self.origin}


Answer = Callable[[Asked], Sequence[Outgoing]]
Fleet = Callable[[Answer], AbstractAsyncContextManager[None]]


@pytest.fixture
async def broker(kafka: str) -> str:
    await create_topics(kafka, lasting(), HOME_PARTITIONS)
    return kafka


@pytest.fixture
def tenant() -> str:
    """Of this test alone: the broker is shared."""
    return f"tenant-{uuid4().hex}"


@pytest.fixture
async def client(broker: str, tenant: str) -> AsyncIterator[Client]:
    async with Client(broker, tenant=tenant) as client:
        yield client


@pytest.fixture
def fleet(broker: str, tenant: str) -> Fleet:
    """Run with an answer per query of this tenant."""
    return lambda answer: serve(broker, tenant, answer)


@asynccontextmanager
async def serve(broker: str, tenant: str, answer: Answer) -> AsyncIterator[None]:
    """Give every query of the tenant this answer."""
    producer = Producer(broker, BrokerClock())
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False)
    await consumer.start()
    partitions = [TopicPartition(QUERIES.name, number) for number in range(HOME_PARTITIONS)]
    consumer.assign(partitions)
    await consumer.seek_to_end(*partitions)
    serving = asyncio.create_task(_serve(consumer, producer, answer, tenant))
    try:
        yield
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await consumer.stop()
        await producer.stop()


async def _serve(consumer: AIOKafkaConsumer, producer: Producer, answer: Answer, tenant: str) -> None:
    while True:
        batches = await consumer.getmany(timeout_ms=1000)
        records = [record for batch in batches.values() for record in batch]
        asked = [Asked(Query.decode(one.value), origin_of(one.topic, one.partition, one.offset)) for one in records]
        await producer([outgoing for one in asked if one.query.tenant == tenant for outgoing in answer(one)])
