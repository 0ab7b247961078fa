"""What this process has fetched of one LLM's queue and not finished, in predicted seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from shared.stream.records import Position

#: A call that takes longer than predicted is always about to end.
_LEAST_S = 0.25


class Stage(Enum):
    """Where a dispatch stands."""

    QUEUED = "it will be called here"
    CALLING = "its call is in flight"
    ELSEWHERE = "another record or process has it: it costs no time here"


@dataclass(frozen=True, slots=True)
class Seconds:
    """Predicted seconds of one partition, and how many calls are in flight."""

    queued_s: float
    remaining_s: float
    in_flight: int


@dataclass(slots=True)
class Entry:
    """One dispatch."""

    position: Position
    service_s: float
    stage: Stage = Stage.QUEUED
    #: Start of the call; None before.
    began: float | None = None

    def left_s(self, now: float) -> float:
        """Predicted seconds until the call ends."""
        elapsed_s = 0.0 if self.began is None else now - self.began
        return max(self.service_s - elapsed_s, _LEAST_S)


class Ledger:
    """The unfinished dispatches of one LLM."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        #: The next announcement says something new.
        self.changed = True
        self._entries: dict[Position, Entry] = {}

    @contextmanager
    def entry(self, position: Position, service_s: float) -> Iterator[Entry]:
        """Keep a dispatch from when it was fetched until it is finished."""
        entry = self._entries[position] = Entry(position, service_s)
        self.changed = True
        try:
            yield entry
        finally:
            self._entries.pop(position, None)
            self.changed = True

    def move(self, entry: Entry, stage: Stage) -> None:
        if entry.stage is not stage:
            entry.stage = stage
            if stage is Stage.CALLING:
                entry.began = self._clock()
            self.changed = True

    def seconds(self, topic: str, partition: int) -> Seconds:
        """What one partition's unfinished dispatches amount to now."""
        here = [entry for entry in self._entries.values() if entry.position[:2] == (topic, partition)]
        calling = [entry for entry in here if entry.stage is Stage.CALLING]
        now = self._clock()
        return Seconds(
            queued_s=sum(entry.service_s for entry in here if entry.stage is Stage.QUEUED),
            remaining_s=sum(entry.left_s(now) for entry in calling),
            in_flight=len(calling),
        )
