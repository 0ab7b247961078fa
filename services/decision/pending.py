"""Queries not decided yet, predictions that precede their query, and what was decided lately (protocol 4)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.decision.undecided import Undecided
from shared.messages import Prediction
from shared.stream.handlers import Watermark
from shared.stream.records import Record

#: A prediction whose query is not read within this time of its own has none.
ORPHANED_S = 10.0
#: How long a decided query is remembered: duplicates and late predictions come within it.
_REMEMBERED_S = 60.0


@dataclass(frozen=True, slots=True)
class Decided:
    """When a query was read that has been decided since, and its home partition."""

    read_at: float
    home: int


@dataclass(frozen=True, slots=True)
class Early:
    """A prediction that came before its query."""

    prediction: Prediction
    record: Record


class Pending:
    """By origin; nothing here outlives the records it was read from."""

    def __init__(self) -> None:
        self._undecided: dict[str, Undecided] = {}
        self._early: dict[str, list[Early]] = {}
        self._decided: dict[str, Decided] = {}

    def __len__(self) -> int:
        return len(self._undecided)

    @property
    def early(self) -> int:
        """Predictions kept for queries that were not read."""
        return sum(len(waiting) for waiting in self._early.values())

    def add(self, undecided: Undecided) -> list[Early]:
        """Keep a query; what was predicted of it already."""
        self._undecided[undecided.accepted.origin] = undecided
        return self._early.pop(undecided.accepted.origin, [])

    def get(self, origin: str) -> Undecided | None:
        return self._undecided.get(origin)

    def decided(self, origin: str) -> Decided | None:
        """None when it was not decided here, or long ago."""
        return self._decided.get(origin)

    def keep_early(self, early: Early) -> None:
        self._early.setdefault(early.prediction.origin, []).append(early)

    def decide(self, undecided: Undecided) -> None:
        """It is being decided now: predictions that come later are late."""
        origin = undecided.accepted.origin
        self._undecided.pop(origin, None)
        self._decided[origin] = Decided(undecided.read_at, undecided.home)

    def due(self, now: float) -> list[Undecided]:
        return [one for one in self._undecided.values() if one.is_due(now)]

    def orphans(self, now: float, accepted_read_to: Callable[[int], Watermark]) -> list[Early]:
        """Take out early predictions whose query will not come: it was decided before, by whoever owned it then.

        That is certain once `accepted` of the partition was read to 10 s past the prediction's append time, or is at
        its end when the prediction is 10 s old.
        """
        gone = [
            early
            for waiting in self._early.values()
            for early in waiting
            if _is_orphan(early, now, accepted_read_to(early.record.position.partition))
        ]
        for early in gone:
            waiting = self._early[early.prediction.origin]
            waiting.remove(early)
            if not waiting:
                del self._early[early.prediction.origin]
        return gone

    def forget_old(self, now: float) -> None:
        """Drop the memory of queries decided long ago; the oldest come first."""
        for origin in list(self._older(now - _REMEMBERED_S)):
            del self._decided[origin]

    def forget(self, partitions: frozenset[int]) -> None:
        """Drop what belongs to these home partitions."""
        self._undecided = {origin: one for origin, one in self._undecided.items() if one.home not in partitions}
        self._decided = {origin: one for origin, one in self._decided.items() if one.home not in partitions}
        kept = {
            origin: [early for early in waiting if early.record.position.partition not in partitions]
            for origin, waiting in self._early.items()
        }
        self._early = {origin: waiting for origin, waiting in kept.items() if waiting}

    def _older(self, than: float) -> Iterator[str]:
        for origin, decided in self._decided.items():
            if decided.read_at >= than:
                return
            yield origin


def _is_orphan(early: Early, now: float, read_to: Watermark) -> bool:
    too_late = early.record.appended_at + ORPHANED_S
    if read_to.appended_at is not None and read_to.appended_at > too_late:
        return True
    return read_to.at_end and now > too_late
