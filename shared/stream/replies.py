"""One partition of some topics, from now on: how a sender reads what is answered to it. No group, no commits."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import ConfigurationError, TransientError
from shared.logs import get
from shared.stream.admin import partition_counts
from shared.stream.consumer import close_consumer, lone_consumer, record_of
from shared.stream.records import Record
from shared.topics import home

_log = get(__name__)
_RETRY_S = 1.0


class Replies:
    """Hands each record of the reply partition to `receive`, until stopped."""

    def __init__(self, kafka: str, topics: tuple[str, ...], receive: Callable[[Record], None]) -> None:
        self._kafka = kafka
        self._topics = topics
        self._receive = receive
        #: Offset to read next; what survives a lost connection.
        self._next: dict[TopicPartition, int] = {}

    async def start(self, sender: str) -> int:
        """Return the partition that this sender's responses should go to; what is appended from now on is read.

        Raises TransientError when the broker is away, ConfigurationError when it has no such topics.
        """
        consumer = await connect(self._kafka)
        try:
            counts = await partition_counts(self._kafka, self._topics)
            for topic in self._topics:
                if topic not in counts:
                    raise ConfigurationError(
                        f"expected topic {topic} at {self._kafka}, there is none; is it a fleet's broker?"
                    )
            partition = home(sender, min(counts.values()))
            assigned = [TopicPartition(topic, partition) for topic in self._topics]
            consumer.assign(assigned)
            self._next = await consumer.end_offsets(assigned)
        except BaseException:
            await close_consumer(consumer)
            raise
        self._reading = asyncio.create_task(self._read(consumer))
        return partition

    async def stop(self) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        """Read for ever; a consumer that fails is replaced by a new one where it stopped."""
        while True:
            try:
                await self._read_with(consumer)
            except KafkaError as error:
                _log.warning("replies are read again from where that stopped", error=repr(error))
            finally:
                await close_consumer(consumer)
            consumer = await self._reconnect()

    async def _reconnect(self) -> AIOKafkaConsumer:
        while True:
            await asyncio.sleep(_RETRY_S)
            with suppress(TransientError):
                return await connect(self._kafka)

    async def _read_with(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign(list(self._next))
        for partition, offset in self._next.items():
            consumer.seek(partition, offset)
        while True:
            batches = await consumer.getmany(timeout_ms=1000)
            for partition, taken in batches.items():
                for one in taken:
                    self._receive(record_of(one))
                self._next[partition] = taken[-1].offset + 1


async def connect(kafka: str) -> AIOKafkaConsumer:
    """A started consumer without a group; raises TransientError when no broker answers."""
    consumer = lone_consumer(kafka)
    try:
        await consumer.start()
    except KafkaError as error:
        await close_consumer(consumer)
        raise TransientError(f"expected a Kafka broker at {kafka}, none answers; is the fleet up?") from error
    return consumer
