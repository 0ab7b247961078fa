"""How far owned partitions reach, as the broker last told: what lag is counted against."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.stream.offsets import Place

_ASK_TIMEOUT_S = 2.0


class Ends:
    """From fetches, and from asking where nothing is fetched."""

    def __init__(self) -> None:
        self._asked: dict[Place, int] = {}

    def of(self, consumer: AIOKafkaConsumer, place: Place) -> int | None:
        """The offset after the last record; None before the broker told."""
        if TopicPartition(*place) not in consumer.assignment():
            return None
        fetched: int | None = consumer.highwater(TopicPartition(*place))
        return self._asked.get(place) if fetched is None else max(fetched, self._asked.get(place, 0))

    async def ask(self, consumer: AIOKafkaConsumer, places: Iterable[Place]) -> None:
        """A partition whose prefetched records wait is not fetched from: how far it grew meanwhile must be asked."""
        asked = [TopicPartition(*place) for place in places]
        if not asked:
            return
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_ASK_TIMEOUT_S):
                ends = await consumer.end_offsets(asked)
                self._asked |= {(place.topic, place.partition): end for place, end in ends.items()}

    def forget(self) -> None:
        """The assignment is over."""
        self._asked = {}
