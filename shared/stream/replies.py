"""One partition of some topics, from now on: how a sender reads what is answered to it. No group, no commits."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.errors import ConfigurationError, TransientError
from shared.logs import get
from shared.stream.admin import partition_counts
from shared.stream.connections import reading
from shared.stream.consumer import record_of
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
        counts = await partition_counts(self._kafka, self._topics)
        for topic in self._topics:
            if topic not in counts:
                raise ConfigurationError(
                    f"expected topic {topic} at {self._kafka}, there is none; is it a fleet's broker?"
                )
        partition = home(sender, min(counts.values()))
        async with reading(self._kafka) as consumer:
            self._next = await consumer.end_offsets([TopicPartition(topic, partition) for topic in self._topics])
        self._reading = asyncio.create_task(self._read())
        return partition

    async def stop(self) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def _read(self) -> None:
        """Read for ever; a consumer that fails is replaced by a new one where it stopped."""
        while True:
            try:
                async with reading(self._kafka) as consumer:
                    await self._read_with(consumer)
            except TransientError as error:
                _log.warning("replies are read again from where that stopped", error=repr(error))
                await asyncio.sleep(_RETRY_S)

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
