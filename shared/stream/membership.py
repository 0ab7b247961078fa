"""One membership in a consumer group: what is owned, read and finished, and gap-safe commits.

Of the client it uses subscribe, getmany and commit, never pause: a paused partition's prefetched records are thrown
away (aiokafka.consumer.fetcher, check_assignment); partitions to leave alone are just not asked for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import TransientError
from shared.logs import get
from shared.metrics import Metrics
from shared.stream.admin import partition_counts
from shared.stream.clock import BrokerClock
from shared.stream.commits import Commits
from shared.stream.consumer import close_consumer, group_consumer, record_of
from shared.stream.ends import Ends
from shared.stream.lane import LaneSettings
from shared.stream.offsets import Offsets, Place
from shared.stream.records import Position, Record

_log = get(__name__)
_COMMIT_EVERY_S = 1.0


class Membership:
    """Shared by the three lane shapes; the lane hands in its work, and how it drains.

    `drain` is awaited, with nothing more to be taken, before partitions are given up (rebalance or stop); it bounds
    itself. What is unfinished then is forgotten here and read again by the next owner.
    """

    def __init__(
        self,
        settings: LaneSettings,
        metrics: Metrics,
        clock: BrokerClock,
        drain: Callable[[frozenset[Place]], Awaitable[None]],
    ) -> None:
        self.settings = settings
        self.offsets = Offsets()
        #: Broker time of the assignment.
        self.owned_since = 0.0
        self._owned: frozenset[Place] = frozenset()
        self._metrics = metrics
        self._clock = clock
        self._drain = drain
        metrics.expect(settings.topics)
        self._consumer: AIOKafkaConsumer | None = None
        self._commits = Commits(settings.name)
        self._ends = Ends()
        self._commit_lock = asyncio.Lock()
        self._release_lock = asyncio.Lock()
        self._beginning: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._begun = False
        self._joined = False
        self._partitions = 0
        self._progress_at = time.monotonic()

    # What the lane does with it

    async def run(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Join, run `work` until it fails or stop() is called, then drain, commit and leave."""
        self._begun = True
        try:
            self._partitions = sum((await partition_counts(self.settings.kafka, self.settings.topics)).values())
            self._consumer = group_consumer(self.settings, self._partitions)
            self._consumer.subscribe(self.settings.topics, listener=_Listener(self))
            await self._run(work)
        finally:
            self._ended.set()

    async def _run(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        running = [
            asyncio.create_task(self._work(work)),
            asyncio.create_task(self._commit_regularly()),
            asyncio.create_task(self._stopping.wait()),
        ]
        try:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in running:
                if task.done():
                    task.result()
            await self.release()
        finally:
            await cancel(running)
            await self._leave()

    async def stop(self) -> None:
        self._stopping.set()
        if self._begun:
            await self._ended.wait()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def owned(self) -> frozenset[Place]:
        """Partitions to read now; empty from revoke to assign."""
        return self._owned

    async def take(self, places: frozenset[Place], timeout_s: float, max_records: int) -> list[Record]:
        """Up to `max_records` of the owned `places`, noted as read; waits for the first at most `timeout_s`.

        What comes while the partitions are given up is left to their next owner: nobody would wait for its end.
        """
        asked = [TopicPartition(*place) for place in places & self._owned]
        if not asked:
            await asyncio.sleep(timeout_s)
            return []
        taken = await self.consumer.getmany(*asked, timeout_ms=int(timeout_s * 1000), max_records=max_records)
        return [self._read(one) for place, records in taken.items() if place in self._owned for one in records]

    def holds(self, record: Record) -> bool:
        """It was read in this assignment, is unfinished, and its partition is not being given up."""
        return bool(self._owned) and self.offsets.holds(record.position)

    def finish(self, positions: Sequence[Position]) -> None:
        """Ownership of these has passed; those not read in this assignment are left alone."""
        for position in positions:
            if self.offsets.finish(position):
                self._metrics.records.labels(position.topic).inc()
        self.progressed()

    def progressed(self) -> None:
        self._progress_at = time.monotonic()

    # What others ask of it

    @property
    def consumer(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "a lane reads only while it runs"
        return self._consumer

    def end(self, place: Place) -> int | None:
        """The offset after the last record the broker had when last asked; None before."""
        return self._ends.of(self.consumer, place) if place in self._owned else None

    def at_end(self, place: Place) -> bool:
        """All that the broker had when last asked was read; False before."""
        end, offset = self.end(place), self.offsets.next(place)
        return end is not None and offset is not None and offset >= end

    def ready(self) -> bool:
        """It has joined: it owns partitions, or there are not enough for it."""
        return self._joined

    def lag(self) -> int:
        return sum(self._lags().values())

    def progress_age_s(self) -> float:
        return time.monotonic() - self._progress_at if self.lag() else 0.0

    # How it keeps its word

    def _read(self, taken: ConsumerRecord) -> Record:
        record = record_of(taken)
        self.offsets.read(record.position)
        return record

    async def _work(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        await self.consumer.start()
        await work()

    def _lags(self) -> dict[Place, int]:
        behind = {}
        for place, offset in self.offsets.committable().items():
            end = self.end(place)
            behind[place] = 0 if end is None else max(0, end - offset)
        return behind

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(_COMMIT_EVERY_S)
            await self.commit()
            self._check_growth()
            await self._ends.ask(self.consumer, [place for place, count in self._lags().items() if count])
            self._export_lag()
            if not self.lag():
                self.progressed()

    def _check_growth(self) -> None:
        """A static member joins anew under another name; else the group's leader sees to it."""
        now = sum(len(self.consumer.partitions_for_topic(topic) or ()) for topic in self.settings.topics)
        if self.settings.static and now > self._partitions:
            raise TransientError(f"the topics of {self.settings.name} have {now} partitions by now: joining anew")

    def _export_lag(self) -> None:
        lags = self._lags()
        for topic in self.settings.topics:
            behind = sum(count for (name, _), count in lags.items() if name == topic)
            self._metrics.lag.labels(topic).set(behind)
        self._metrics.progress.labels(self.settings.name).set(self.progress_age_s())

    async def commit(self) -> None:
        """Commit what has changed; nothing from revoke to assign."""
        async with self._commit_lock:
            if not self._owned:
                return
            await self._commits.make(self.consumer, self.offsets.committable())

    async def release(self) -> None:
        """Give up what is owned: drain, commit, forget."""
        async with self._release_lock:
            if not self._owned:
                return
            owned, self._owned = self._owned, frozenset()
            try:
                await self._drain(owned)
                async with self._commit_lock:
                    await self._commits.make(self.consumer, self.offsets.committable())
            finally:
                if self._beginning is not None:
                    self._beginning.cancel()
                self.offsets = Offsets()
                self._commits.forget()
                self._ends.forget()

    def assign(self, places: frozenset[Place]) -> None:
        """Own `places` from now on."""
        if self.stopping:
            return
        self.owned_since = self._clock.now()
        self._owned = places
        self._joined = True
        self.progressed()
        self._beginning = asyncio.create_task(self._begin(places))
        _log.info("partitions assigned", lane=self.settings.name, count=len(places))

    async def _begin(self, places: frozenset[Place]) -> None:
        """Learn where reading starts, so that it is committed before the first record is finished.

        A group that starts at latest would else lose what was appended between two assignments without a commit.
        """
        with suppress(KafkaError):
            for place in places:
                self.offsets.begin(place, await self.consumer.position(TopicPartition(*place)))

    async def _leave(self) -> None:
        if self._beginning is not None:
            await cancel([self._beginning])
        # Without a release, when the lane failed: a call that waits must not think it still had its record.
        self._owned, self.offsets = frozenset(), Offsets()
        await close_consumer(self.consumer)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Called by aiokafka's coordination, which waits for it and goes on with the rebalance whatever it raises."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._membership.release()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._membership.assign(frozenset((place.topic, place.partition) for place in assigned))


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel and wait until all have ended, whatever they end with."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
