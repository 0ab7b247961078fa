"""The concurrent shape: many slow calls per partition, each finished in its own time; executor."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from shared.errors import PermanentError, TransientError
from shared.metrics import Metrics
from shared.stream.calls import Calls
from shared.stream.clock import BrokerClock
from shared.stream.containment import contained
from shared.stream.dead import Cemetery, no_refusal
from shared.stream.handlers import ConcurrentHandler, Decode, Produce, Refuse
from shared.stream.lane import LaneSettings
from shared.stream.membership import Membership
from shared.stream.offsets import Place
from shared.stream.records import Record
from shared.stream.retry import Retry

T = TypeVar("T")
#: While nothing can be read but calls go on, the lane is not stuck before the longest call must have ended.
_LONGEST_CALL_S = 600
_WAIT_S = 0.5
#: How soon a freed slot is seen while other partitions are waited for.
_GLANCE_S = 0.02


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One owned partition, for announcements. Nothing waits in the lane: what has no slot is not read."""

    topic: str
    partition: int
    #: First offset not handed to the handler; None before the start is known.
    next_offset: int | None
    #: Broker time of the assignment.
    owned_since: float
    in_flight: tuple[Record, ...]


class ConcurrentLane(Generic[T]):
    """`slots(topic, partition)` calls at once per partition number; with 0 slots one at a time, to be turned away.

    `lesser_topics` share the slots and are read while nothing waits in the other topics' partition. On revoke it
    commits and leaves at once: calls in flight go on, and their ends change nothing here unless the record comes back
    meanwhile. A TransientError then ends the call, the next owner has the record. `calls` is handed from lane to
    rebuilt lane.
    """

    def __init__(
        self,
        settings: LaneSettings,
        decode: Decode[T],
        handler: ConcurrentHandler[T],
        producer: Produce,
        metrics: Metrics,
        clock: BrokerClock,
        *,
        slots: Callable[[str, int], int],
        calls: Calls | None = None,
        refuse: Refuse = no_refusal,
        lesser_topics: tuple[str, ...] = (),
        drain_s: float = 120,
    ) -> None:
        self.name = settings.name
        self._decode = decode
        self._handler = handler
        self._produce = producer
        self._slots = slots
        self._calls = Calls() if calls is None else calls
        self._main_topics = settings.topics
        self._lesser_topics = lesser_topics
        self._drain_s = drain_s
        self._cemetery = Cemetery(settings.instance, metrics, refuse)
        self._retry = Retry(metrics)
        self._handle_seconds = metrics.handle_seconds.labels(settings.name)
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        everything = replace(settings, topics=settings.topics + lesser_topics)
        self._member = Membership(everything, metrics, clock, self._let_go)
        self.ready = self._member.ready
        self.lag = self._member.lag

    async def run(self) -> None:
        await self._member.run(self._work)

    async def stop(self) -> None:
        """Commit and leave at once, let calls end within `drain_s`, cancel the rest."""
        await self._member.stop()
        await self._calls.drain(self._drain_s)

    def partitions(self) -> list[PartitionView]:
        """The owned partitions as they are now."""
        return [self._view(place) for place in sorted(self._member.owned)]

    def progress_age_s(self) -> float:
        age_s = self._member.progress_age_s()
        may_read = any(not self._member.at_end(place) for place in self._room_by_place())
        return age_s if may_read else min(age_s, max(0.0, self._calls.oldest_s() - _LONGEST_CALL_S))

    def _view(self, place: Place) -> PartitionView:
        next_offset = self._member.offsets.next(place)
        return PartitionView(*place, next_offset, self._member.owned_since, self._calls.records(*place))

    async def _work(self) -> None:
        while True:
            if self._failure is not None:
                raise self._failure
            self._ended.clear()
            room = self._room_by_place()
            if room:
                await self._fill(room)
            else:
                await self._wait_for_a_slot()

    async def _wait_for_a_slot(self) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._ended.wait()
        except TimeoutError:
            return

    async def _fill(self, room: frozenset[Place]) -> None:
        """Wait for a record in a partition with a free slot, then fill all free slots with what is there."""
        all_free = all(self._free(place) > 0 for place in self._member.owned)
        for record in await self._member.take(room, _WAIT_S if all_free else _GLANCE_S, 1):
            self._begin(record)
        for place in sorted(room, key=lambda place: place[0] in self._lesser_topics):
            free = self._free(place)
            if free > 0:
                for record in await self._member.take(frozenset({place}), 0, free):
                    self._begin(record)

    def _room_by_place(self) -> frozenset[Place]:
        return frozenset(p for p in self._member.owned if self._free(p) > 0 and not self._yields(p))

    def _free(self, place: Place) -> int:
        return max(1, self._slots(*place)) - self._calls.running(place[1])

    def _yields(self, place: Place) -> bool:
        """A lesser topic's partition, while something may wait in its better one."""
        topic, number = place
        if topic not in self._lesser_topics:
            return False
        better = [(name, number) for name in self._main_topics]
        return any(one in self._member.owned and not self._member.at_end(one) for one in better)

    def _begin(self, record: Record) -> None:
        self._member.progressed()
        running = self._calls.find(record.position)
        if running is None:
            call = self._calls.start(record, self._handle(record))
            call.task.add_done_callback(self._note_end)
        else:
            running.task.add_done_callback(partial(self._adopt, record))

    def _adopt(self, record: Record, ended: asyncio.Task[bool]) -> None:
        """A record came back whose call still ran here: its end finishes it, or else it is handled anew."""
        if not ended.cancelled() and ended.exception() is None and ended.result():
            self._member.finish([record.position])
        elif self._still_ours(record):
            self._begin(record)

    def _note_end(self, task: asyncio.Task[bool]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
        self._ended.set()

    async def _handle(self, record: Record) -> bool:
        topic = record.position.topic
        still_ours = partial(self._still_ours, record)
        try:
            with self._handle_seconds.time():
                with contained():
                    message = self._decode(record)
                await self._retry(topic, partial(self._handler.handle, record, message), still_ours)
        except TransientError:
            return False
        except PermanentError as error:
            if not still_ours():
                return False
            await self._retry(topic, partial(self._produce, self._cemetery.bury(record, error)))
        self._member.finish([record.position])
        return True

    def _still_ours(self, record: Record) -> bool:
        return self._member.offsets.holds(record.position)

    async def _let_go(self, owned: frozenset[Place]) -> None:
        """Nothing to drain: calls end under their claims, wherever their records are read next."""
