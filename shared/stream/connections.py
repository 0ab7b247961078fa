"""Connections for as long as a question takes; what goes wrong with them is transient."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.errors import TransientError
from shared.stream.consumer import close_consumer, lone_consumer


@asynccontextmanager
async def administration(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client; raises TransientError when the broker is away, or fails what the block asks of it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    try:
        with _starting(kafka):
            await admin.start()
        with _asking(kafka):
            yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def reading(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer without a group; raises TransientError as `administration` does."""
    consumer = lone_consumer(kafka)
    try:
        with _starting(kafka):
            await consumer.start()
        with _asking(kafka):
            yield consumer
    finally:
        await close_consumer(consumer)


@contextmanager
def _starting(kafka: str) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise TransientError(f"expected a Kafka broker at {kafka}, none answers; is the fleet up?") from error


@contextmanager
def _asking(kafka: str) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise TransientError(f"the broker at {kafka} did not do what it was asked: {error}") from error
