"""The plane of quality against cost, with its axes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pointsman.drawing.markup import Markup
from pointsman.drawing.placing import Box
from pointsman.drawing.scales import Linear, Log
from pointsman.drawing.svg import NARROW, label, line

#: Room around the plane for what its axes say.
LEFT, RIGHT, TOP, BOTTOM = 46.0, 18.0, 26.0, 46.0


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis says."""

    name: str
    said: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Plane:
    """Where costs and qualities are on the page."""

    x: Log
    y: Linear
    width: float
    height: float

    @property
    def bounds(self) -> Box:
        return Box(LEFT + 2, TOP + 2, self.width - 4, self.height - BOTTOM - 2)

    def at(self, cost: float, quality: float) -> tuple[float, float]:
        return self.x(cost), self.y(quality)

    def within(self, cost: float, quality: float) -> tuple[float, float]:
        """The same, on the edge where it would lie below."""
        return self.at(max(cost, self.x.low), max(quality, self.y.low))

    def axes(self, cost: Axis, quality: Axis, heights: int, more: Sequence[float] = ()) -> Iterator[Markup]:
        """Both axes, some `heights` lines across, and ticks at `more` costs than the scale would choose."""
        base = self.height - BOTTOM
        for tick in self.y.ticks(heights):
            yield line(LEFT, self.y(tick), self.width, self.y(tick), "grid")
            yield label(LEFT - 8, self.y(tick), quality.said(tick), "tick", "end")
        yield line(LEFT, base, self.width, base, "axis")
        for tick in (*more, *self.x.ticks(4 if self.width == NARROW else 8)):
            yield line(self.x(tick), base, self.x(tick), base + 5, "axis")
            yield label(self.x(tick), base + 15, cost.said(tick), "tick", "middle")
        yield label(0, 9, quality.name, "axis-name")
        yield label(self.width - 2, self.height - 8, cost.name, "axis-name", "end")
