"""Which records of an assignment were read and finished, and what may therefore be committed. Pure."""

from collections import deque
from dataclasses import dataclass, field

from shared.stream.records import Position

#: Topic and partition number.
Place = tuple[str, int]


@dataclass(slots=True)
class _Reading:
    """One partition; `next` is the first offset not read."""

    next: int
    unfinished: set[int] = field(default_factory=set)
    #: In the order read; begins with the smallest unfinished, those behind it may be finished already.
    order: deque[int] = field(default_factory=deque)

    def committable(self) -> int:
        return self.order[0] if self.order else self.next

    def read(self, offset: int) -> None:
        self.next = offset + 1
        self.unfinished.add(offset)
        self.order.append(offset)

    def finish(self, offset: int) -> bool:
        if offset not in self.unfinished:
            return False
        self.unfinished.remove(offset)
        while self.order and self.order[0] not in self.unfinished:
            self.order.popleft()
        return True


class Offsets:
    """Gap-safe: a partition's committed offset is its smallest unfinished one.

    >>> offsets = Offsets()
    >>> for offset in (4, 5, 7): offsets.read(Position("queries", 0, offset))
    >>> offsets.finish(Position("queries", 0, 5))
    True
    >>> offsets.committable()
    {('queries', 0): 4}
    >>> offsets.finish(Position("queries", 0, 4)), offsets.committable()
    (True, {('queries', 0): 7})
    """

    def __init__(self) -> None:
        self._readings: dict[Place, _Reading] = {}

    def begin(self, place: Place, offset: int) -> None:
        """Reading of `place` starts at `offset`; nothing changes when it has started already."""
        self._readings.setdefault(place, _Reading(next=offset))

    def read(self, position: Position) -> None:
        """Note a record that was read; offsets of one partition only rise."""
        reading = self._readings.setdefault((position.topic, position.partition), _Reading(next=position.offset))
        reading.read(position.offset)

    def finish(self, position: Position) -> bool:
        """True when that finished it; False when it was finished before or not read in this assignment."""
        reading = self._readings.get((position.topic, position.partition))
        return reading is not None and reading.finish(position.offset)

    def holds(self, position: Position) -> bool:
        """True while it is read and unfinished in this assignment."""
        reading = self._readings.get((position.topic, position.partition))
        return reading is not None and position.offset in reading.unfinished

    def next(self, place: Place) -> int | None:
        """The first offset not read; None before the start is known."""
        reading = self._readings.get(place)
        return None if reading is None else reading.next

    def unfinished(self) -> int:
        """Records read and not finished, over all partitions."""
        return sum(len(reading.unfinished) for reading in self._readings.values())

    def committable(self) -> dict[Place, int]:
        return {place: reading.committable() for place, reading in self._readings.items()}
