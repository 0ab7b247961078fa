"""The batch shape: many quick records at a time; embedder and predictor."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from shared.errors import PermanentError
from shared.metrics import Metrics
from shared.stream.clock import BrokerClock
from shared.stream.containment import contained
from shared.stream.dead import Cemetery, no_refusal
from shared.stream.handlers import BatchHandler, Decode, Produce, Refuse
from shared.stream.lane import LaneSettings
from shared.stream.membership import Membership
from shared.stream.offsets import Place
from shared.stream.records import Outgoing, Record
from shared.stream.retry import Retry

T = TypeVar("T")
_DRAIN_S = 3.0
_WAIT_S = 0.5


class BatchLane(Generic[T]):
    """Takes what is ready, up to `max_records`, and waits for more only as long as `linger_s` says.

    One batch is underway at a time, from being handled to being acknowledged, while aiokafka fetches the next; with
    `overlap` so many are. `lesser_topics` are read while the others have no lag.
    """

    def __init__(
        self,
        settings: LaneSettings,
        decode: Decode[T],
        handler: BatchHandler[T],
        producer: Produce,
        metrics: Metrics,
        clock: BrokerClock,
        *,
        max_records: int,
        refuse: Refuse = no_refusal,
        lesser_topics: tuple[str, ...] = (),
        overlap: int = 1,
        linger_s: float = 0,
    ) -> None:
        self.name = settings.name
        self._decode = decode
        self._handler = handler
        self._produce = producer
        self._max_records = max_records
        self._main_topics = frozenset(settings.topics)
        self._linger_s = linger_s
        self._cemetery = Cemetery(settings.instance, metrics, refuse)
        self._cut_off = metrics.cut_off
        self._retry = Retry(metrics)
        self._handle_seconds = metrics.handle_seconds.labels(settings.name)
        self._room = asyncio.Semaphore(overlap)
        self._underway: set[asyncio.Task[None]] = set()
        everything = replace(settings, topics=settings.topics + lesser_topics)
        self._member = Membership(everything, metrics, clock, self._drain)
        self.stop = self._member.stop
        self.ready = self._member.ready
        self.lag = self._member.lag
        self.progress_age_s = self._member.progress_age_s

    async def run(self) -> None:
        await self._member.run(self._work)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as batches:
            while True:
                await self._room.acquire()
                records = await self._take()
                if not records:
                    self._room.release()
                    continue
                task = batches.create_task(self._process(records))
                self._underway.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._underway.discard(task)
        self._room.release()

    async def _take(self) -> list[Record]:
        main = frozenset(place for place in self._member.owned if place[0] in self._main_topics)
        records = await self._member.take(main, 0, self._max_records)
        if not records:
            places = self._member.owned if self._caught_up(main) else main
            records = await self._member.take(places, _WAIT_S, self._max_records)
        if records and self._linger_s:
            records = await self._linger(records)
        return records

    async def _linger(self, records: list[Record]) -> list[Record]:
        await asyncio.sleep(self._linger_s)
        if not all(self._member.holds(record) for record in records):
            return []
        room = self._max_records - len(records)
        return records + (await self._member.take(self._member.owned, 0, room) if room else [])

    def _caught_up(self, places: frozenset[Place]) -> bool:
        return all(self._member.at_end(place) for place in places)

    async def _process(self, records: Sequence[Record]) -> None:
        topic = records[0].position.topic
        try:
            await self._pass_on(topic, records)
        except asyncio.CancelledError:
            for record in records:
                self._cut_off.labels(record.position.topic).inc()
            raise
        self._member.finish([record.position for record in records])

    async def _pass_on(self, topic: str, records: Sequence[Record]) -> None:
        messages, letters = self._read(records)
        with self._handle_seconds.time():
            outgoing = await self._handle(topic, messages)
        try:
            await self._retry(topic, partial(self._produce, [*outgoing, *letters]))
        except PermanentError:
            await self._retry(topic, partial(self._produce, letters))
            await self._one_by_one(topic, messages)

    def _read(self, records: Sequence[Record]) -> tuple[list[tuple[Record, T]], list[Outgoing]]:
        """The messages, and the dead letters of records that are none."""
        messages: list[tuple[Record, T]] = []
        letters: list[Outgoing] = []
        for record in records:
            try:
                with contained():
                    messages.append((record, self._decode(record)))
            except PermanentError as error:
                letters += self._cemetery.bury(record, error)
        return messages, letters

    async def _handle(self, topic: str, messages: list[tuple[Record, T]]) -> Sequence[Outgoing]:
        if not messages:
            return []
        try:
            return await self._retry(topic, partial(self._handler.handle, messages))
        except PermanentError:
            await self._one_by_one(topic, messages)
            return []

    async def _one_by_one(self, topic: str, messages: list[tuple[Record, T]]) -> None:
        """A batch failed for good: find the records at fault, and serve the others."""
        for record, message in messages:
            try:
                outgoing = await self._retry(topic, partial(self._handler.handle, [(record, message)]))
                await self._retry(topic, partial(self._produce, outgoing))
            except PermanentError as error:
                letters = self._cemetery.bury(record, error, tries=2)
                await self._retry(topic, partial(self._produce, letters))

    async def _drain(self, owned: frozenset[Place]) -> None:
        """Let what is underway end; what does not is left to the next owner."""
        if not self._underway:
            return
        _, late = await asyncio.wait(self._underway, timeout=_DRAIN_S)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
