"""Where labels go so that they cover neither each other nor the marks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin

from pointsman.drawing.markup import Markup
from pointsman.drawing.svg import label, line

_DISTANCES = (5.0, 9.0, 16.0, 26.0, 38.0, 52.0, 68.0, 90.0, 120.0)
#: (across, down), the most readable first: right, left, above, below, then between them.
_DIRECTIONS = tuple((cos(turn * pi / 4), sin(turn * pi / 4)) for turn in (0, 4, 6, 2, 7, 1, 5, 3, 6.6, 5.4, 1.4, 2.6))
#: Where a label begins, in its own size, beside a mark that is before it, in its middle or behind it.
_SIDE = {1: 0.0, 0: -0.5, -1: -1.0}
_ROUNDS = 3
#: A label farther from its mark has a line to it.
_LEADER_FROM = 20.0
#: Price of a line to a label that goes through the mark of another, and at how many places that is looked for.
_THROUGH, _STEPS = 300.0, 12


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def shared_with(self, other: "Box") -> float:
        """Area of what both cover.

        >>> Box(0, 0, 2, 2).shared_with(Box(1, 1, 3, 3)), Box(0, 0, 1, 1).shared_with(Box(1, 0, 2, 1))
        (1, 0)
        """
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0) * max(height, 0)

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def within(self, other: "Box") -> bool:
        return (
            self.left >= other.left
            and self.top >= other.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True, slots=True)
class Anchored:
    """A label to be placed beside a mark of that radius."""

    x: float
    y: float
    radius: float
    width: float
    height: float


def place(labels: Sequence[Anchored], marks: Sequence[Box], lines: Sequence[Box], bounds: Box) -> list[Box]:
    """A box for each label, near its mark; `lines` may be crossed where nothing better is left."""
    placed: dict[int, Box] = {}
    for _ in range(_ROUNDS):
        for index, one in enumerate(labels):
            others = [box for other, box in placed.items() if other != index]
            options = [box for box in _options(one) if box.within(bounds)] or [_nearest_inside(one, bounds)]
            placed[index] = min(options, key=lambda box: _price(one, box, others, marks, lines))
    return [placed[index] for index in range(len(labels))]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places in [low, high], in the order of `wanted`, at least `gap` apart and near what was wanted.

    `gap` shrinks where there is not enough room for all.

    >>> spread([1, 1, 9], gap=2, low=0, high=10)
    [1, 3, 9]
    >>> spread([9, 10, 10], gap=2, low=0, high=10)
    [6, 8, 10]
    """
    if len(wanted) > 1:
        gap = min(gap, (high - low) / (len(wanted) - 1))
    places: list[float] = []
    for value in wanted:
        places.append(max(value, low, places[-1] + gap if places else low))
    for index in reversed(range(len(places))):
        ceiling = high if index == len(places) - 1 else places[index + 1] - gap
        places[index] = min(places[index], ceiling)
    return places


def beside(one: Anchored, box: Box, name: str, kind: str) -> Markup:
    """The label in its box, set against the side of its mark."""
    y = (box.top + box.bottom) / 2
    if box.left >= one.x:
        return label(box.left, y, name, kind)
    if box.right <= one.x:
        return label(box.right, y, name, kind, "end")
    return label((box.left + box.right) / 2, y, name, kind, "middle")


def leader(one: Anchored, box: Box) -> Iterator[Markup]:
    """A thin line to a label that could not stand beside its mark."""
    x = min(max(one.x, box.left), box.right)
    y = min(max(one.y, box.top + 3), box.bottom - 3)
    if abs(x - one.x) + abs(y - one.y) > _LEADER_FROM + one.radius:
        yield line(one.x, one.y, x, y, "leader")


def _options(one: Anchored) -> list[Box]:
    """Boxes around the mark, the nearest first."""
    return [_box(one, *direction, distance + one.radius) for distance in _DISTANCES for direction in _DIRECTIONS]


def _box(one: Anchored, across: float, down: float, distance: float) -> Box:
    """The label with its nearest edge or corner at that distance in that direction."""
    left = one.x + across * distance + _SIDE[round(across)] * one.width
    top = one.y + down * distance + _SIDE[round(down)] * one.height
    return Box(left, top, left + one.width, top + one.height)


def _nearest_inside(one: Anchored, bounds: Box) -> Box:
    left = min(max(one.x, bounds.left), max(bounds.right - one.width, bounds.left))
    top = min(max(one.y, bounds.top), max(bounds.bottom - one.height, bounds.top))
    return Box(left, top, left + one.width, top + one.height)


def _price(one: Anchored, box: Box, labels: Sequence[Box], marks: Sequence[Box], lines: Sequence[Box]) -> float:
    """How bad a place is: covering a label is worst, then a mark, then a line, then being far."""
    covered = 50 * sum(map(box.shared_with, labels)) + 20 * sum(map(box.shared_with, marks))
    x, y = min(max(one.x, box.left), box.right), min(max(one.y, box.top), box.bottom)
    away = hypot(x - one.x, y - one.y)
    crossed = _THROUGH * sum(_passes(mark, (one.x, one.y), (x, y)) for mark in marks)
    return covered + crossed + sum(map(box.shared_with, lines)) + 3 * away


def _passes(mark: Box, begin: tuple[float, float], end: tuple[float, float]) -> bool:
    """Would a line to a label go through the mark of another?"""
    if mark.holds(*begin):
        return False
    steps = [(step + 1) / _STEPS for step in range(_STEPS)]
    return any(mark.holds(*(a + (b - a) * step for a, b in zip(begin, end, strict=True))) for step in steps)
