"""Topics that every process reads whole: no group, all partitions; capacity, llms, models."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.errors import PermanentError
from shared.logs import get
from shared.metrics import Metrics
from shared.stream.admin import partition_counts
from shared.stream.consumer import close_consumer, lone_consumer, record_of
from shared.stream.containment import contained
from shared.stream.records import Record

_log = get(__name__)
_WAIT_S = 0.2
#: Nothing but fetches goes over this connection once reading has begun, and a fetch ends with the first record.
_FETCH_WAIT_MS = 500


class BroadcastLane:
    """Hands every record to `receive`, from the beginning or from some seconds back.

    `caught_up` is set once all that was there at the start has been received; hand the same event to a rebuilt lane. A
    record that `receive` refuses with a PermanentError is counted and left out: everybody else has read it too.
    """

    def __init__(
        self,
        name: str,
        kafka: str,
        topics: tuple[str, ...],
        receive: Callable[[Record], None],
        start: Literal["beginning"] | float,
        metrics: Metrics,
        caught_up: asyncio.Event | None = None,
    ) -> None:
        self.name = name
        self.caught_up = asyncio.Event() if caught_up is None else caught_up
        self._kafka = kafka
        self._topics = topics
        self._receive = receive
        self._start = start
        self._metrics = metrics
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ends: dict[TopicPartition, int] = {}
        self._behind = 0
        self._progress_at = time.monotonic()

    async def run(self) -> None:
        consumer = lone_consumer(self._kafka, wait_ms=_FETCH_WAIT_MS)
        try:
            counts = await partition_counts(self._kafka, self._topics)
            await consumer.start()
            places = [TopicPartition(topic, number) for topic in self._topics for number in range(counts[topic])]
            begins = await self._begins(consumer, places)
            consumer.assign(places)
            for place in places:
                consumer.seek(place, begins[place])
            while not self._stopping.is_set():
                await self._read(consumer)
        finally:
            await close_consumer(consumer)
            self._ended.set()

    async def stop(self) -> None:
        self._stopping.set()
        await self._ended.wait()

    def ready(self) -> bool:
        return self.caught_up.is_set()

    def lag(self) -> int:
        return self._behind

    def progress_age_s(self) -> float:
        return time.monotonic() - self._progress_at if self._behind else 0.0

    async def _begins(self, consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where reading starts; asked before anything is assigned, as fetches would hold it up."""
        self._ends = await consumer.end_offsets(places)
        begins: dict[TopicPartition, int] = await consumer.beginning_offsets(places)
        if self._start != "beginning":
            since_ms = int((time.time() - self._start) * 1000)
            found = await consumer.offsets_for_times(dict.fromkeys(places, since_ms))
            begins = {place: self._ends[place] if found[place] is None else found[place].offset for place in places}
        return begins

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        await self._look_up(consumer)
        taken = await consumer.getmany(timeout_ms=int(_WAIT_S * 1000), max_records=500)
        for records in taken.values():
            for one in records:
                self._hand_over(record_of(one))
        self._progress_at = time.monotonic()

    def _hand_over(self, record: Record) -> None:
        try:
            with contained():
                self._receive(record)
        except PermanentError as error:
            self._metrics.left_out.labels(record.position.topic).inc()
            _log.warning("record left out", **record.position._asdict(), error=type(error).__name__, reason=str(error))
        else:
            self._metrics.records.labels(record.position.topic).inc()

    async def _look_up(self, consumer: AIOKafkaConsumer) -> None:
        """See how far reading is behind what the broker has."""
        positions = {place: await consumer.position(place) for place in self._ends}
        ends = {place: consumer.highwater(place) or end for place, end in self._ends.items()}
        self._behind = sum(max(0, ends[place] - positions[place]) for place in positions)
        if all(positions[place] >= end for place, end in self._ends.items()):
            self.caught_up.set()
