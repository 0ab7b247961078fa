"""What stands before every LLM, in predicted seconds (protocol 5): one view that all replicas share.

Announced by executors, noted by each dispatch, and at once this replica's own dispatches, so that a burst spreads.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from math import fsum
from typing import NamedTuple

from shared.messages import DispatchNote, ExecutorCapacity, Llm, PartitionCapacity, decode_capacity
from shared.routing.waits import PartitionLoad
from shared.stream.records import Position, Record
from shared.topics import dispatch, slots_of

#: An executor that was silent for longer is not counted on.
LIVE_S = 3.0
_FORGOTTEN_S = 600.0


class Speed(NamedTuple):
    """How fast an LLM answers: measured, else as its descriptor promises."""

    first_token_s: float
    tokens_per_s: float


class _Seconds:
    """Seconds by number, with their sum kept: it is asked for at every decision, however long the queue is."""

    def __init__(self) -> None:
        self._of: dict[int, float] = {}
        self.total = 0.0

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, number: int) -> bool:
        return number in self._of

    def put(self, number: int, seconds: float) -> None:
        self.total += seconds - self._of.get(number, 0.0)
        self._of[number] = seconds

    def drop(self, number: int) -> None:
        seconds = self._of.pop(number, 0.0)
        self.total = self.total - seconds if self._of else 0.0

    def drop_before(self, number: int) -> None:
        self._of = {one: seconds for one, seconds in self._of.items() if one >= number}
        # Summed anew, so that rounding does not add up over weeks.
        self.total = fsum(self._of.values())


@dataclass(slots=True)
class _Partition:
    """One dispatch partition."""

    announced: PartitionCapacity | None = None
    #: By offset: dispatches that its owner has not read.
    noted: _Seconds = field(default_factory=_Seconds)
    #: By reservation: this replica's dispatches that are not acknowledged.
    reserved: _Seconds = field(default_factory=_Seconds)

    @property
    def running_s(self) -> float:
        return 0.0 if self.announced is None else self.announced.remaining_s

    @property
    def running(self) -> int:
        return 0 if self.announced is None else self.announced.in_flight

    @property
    def waiting_s(self) -> float:
        queued_s = 0.0 if self.announced is None else self.announced.queued_s
        return queued_s + self.noted.total + self.reserved.total

    @property
    def waiting(self) -> int:
        queued = self.announced is not None and self.announced.queued_s > 0
        return queued + len(self.noted) + len(self.reserved)


class Reservation(NamedTuple):
    """A dispatch on its way to the broker."""

    llm: str
    topic: str
    partition: int
    number: int
    service_s: float


class Outstanding:
    """The live waits of every LLM."""

    def __init__(self) -> None:
        self._partitions: dict[tuple[str, int], _Partition] = {}
        self._executors: dict[str, dict[str, ExecutorCapacity]] = {}
        self._newest: dict[str, ExecutorCapacity] = {}
        #: Computed once per change; most decisions see most LLMs unchanged.
        self._loads: dict[tuple[str, bool], list[PartitionLoad]] = {}
        self._numbers = count()

    def receive(self, record: Record) -> None:
        """Take in a record of `capacity`; raises PermanentError when it is none. An empty one set a clock."""
        if not record.value:
            return
        message = decode_capacity(record.value)
        if isinstance(message, DispatchNote):
            self.note(message)
        else:
            self.announce(message)

    def announce(self, capacity: ExecutorCapacity) -> None:
        executors = self._executors.setdefault(capacity.llm, {})
        known = executors.get(capacity.instance)
        if known is not None and known.at > capacity.at:
            return
        executors[capacity.instance] = capacity
        self._newest[capacity.llm] = max(executors.values(), key=lambda one: one.at)
        for name in [name for name, one in executors.items() if one.at < capacity.at - _FORGOTTEN_S]:
            del executors[name]
        for announced in capacity.partitions:
            self._own(announced)
        self._changed(capacity.llm)

    def note(self, note: DispatchNote) -> None:
        partition = self._partition(note.topic, note.partition)
        if partition.announced is None or note.offset >= partition.announced.next_offset:
            partition.noted.put(note.offset, note.service_s)
            self._changed(note.llm)

    def guess(self, note: DispatchNote) -> None:
        """A dispatch whose seconds nobody told; its own note says better."""
        if note.offset not in self._partition(note.topic, note.partition).noted:
            self.note(note)

    def reserve(self, llm: str, topic: str, partition: int, service_s: float) -> Reservation:
        """Count a dispatch from the moment it is decided."""
        reservation = Reservation(llm, topic, partition, next(self._numbers), service_s)
        self._partition(topic, partition).reserved.put(reservation.number, service_s)
        self._changed(llm)
        return reservation

    def acknowledged(self, reservation: Reservation, at: Position) -> DispatchNote:
        """The dispatch lies at `at`: what the other replicas are told of it."""
        self.release(reservation)
        note = DispatchNote(
            llm=reservation.llm,
            topic=at.topic,
            partition=at.partition,
            offset=at.offset,
            service_s=reservation.service_s,
        )
        self.note(note)
        return note

    def release(self, reservation: Reservation) -> None:
        self._partition(reservation.topic, reservation.partition).reserved.drop(reservation.number)
        self._changed(reservation.llm)

    def loads(self, llm: Llm, *, batch: bool = False) -> list[PartitionLoad]:
        """What stands before a new dispatch in each partition; a batch one also waits for all others."""
        key = (llm.name, batch)
        if key not in self._loads:
            self._loads[key] = list(self._load(llm, batch))
        return self._loads[key]

    def next_offset(self, topic: str, partition: int) -> int | None:
        """The first offset its owner has not read; None before any announcement."""
        announced = self._partition(topic, partition).announced
        return None if announced is None else announced.next_offset

    def is_available(self, llm: str, now: float) -> bool:
        """Some executor of it was heard of lately, with a closed circuit."""
        return any(one.healthy and one.at >= now - LIVE_S for one in self._executors.get(llm, {}).values())

    def speed(self, llm: Llm) -> Speed:
        newest = self._newest.get(llm.name)
        first, pace = (None, None) if newest is None else (newest.first_token_s, newest.tokens_per_s)
        return Speed(
            llm.prior_first_token_s if first is None else first,
            pace if pace is not None and pace > 0 else llm.prior_tokens_per_s,
        )

    def prompt_token_ratio(self, llm: Llm) -> float:
        newest = self._newest.get(llm.name)
        ratio = None if newest is None else newest.prompt_token_ratio
        return llm.prompt_token_ratio if ratio is None else ratio

    def seen_at(self, llm: str) -> float | None:
        """Broker time of the newest announcement."""
        newest = self._newest.get(llm)
        return None if newest is None else newest.at

    def _own(self, announced: PartitionCapacity) -> None:
        partition = self._partition(announced.topic, announced.partition)
        if partition.announced is not None and partition.announced.owned_since > announced.owned_since:
            return
        partition.announced = announced
        partition.noted.drop_before(announced.next_offset)

    def _partition(self, topic: str, number: int) -> _Partition:
        return self._partitions.setdefault((topic, number), _Partition())

    def _load(self, llm: Llm, batch: bool) -> Iterator[PartitionLoad]:
        topic = dispatch(llm.name, llm.parallelism)
        lesser = dispatch(llm.name, llm.parallelism, batch=True)
        promised = topic.partitions
        assert isinstance(promised, int), "a dispatch topic has a number of partitions"
        numbers = range(promised)
        announced = {number: self._partition(topic.name, number).announced for number in numbers}
        serving = any(one is not None and one.slots > 0 for one in announced.values())
        for number, one in announced.items():
            main, batched = self._partition(topic.name, number), self._partition(lesser.name, number)
            slots = one.slots if one is not None and serving else slots_of(llm.parallelism, number, promised)
            yield PartitionLoad(
                number,
                slots,
                outstanding_s=main.running_s + main.waiting_s + batched.running_s + (batched.waiting_s if batch else 0),
                busy=main.running + main.waiting + batched.running + (batched.waiting if batch else 0),
            )

    def _changed(self, llm: str) -> None:
        self._loads.pop((llm, False), None)
        self._loads.pop((llm, True), None)
