"""The cost-quality picture: every LLM alone, a random choice, what routing could do, and what this run did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from pointsman.demo.page.roster import Roster
from pointsman.demo.story import QueryPoint, Report, Story, Totals
from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element
from pointsman.drawing.placing import Anchored, Box, beside, leader, place
from pointsman.drawing.plane import BOTTOM, LEFT, RIGHT, TOP, Axis, Plane
from pointsman.drawing.scales import Linear, Log
from pointsman.drawing.svg import NARROW, TEXT, Picture, frame, group, line, marks, path, telling, text_width

_COST = Axis("USD per 1,000 prompts (log scale)", words.dollars)
_QUALITY = Axis("Quality", "{:.2f}".format)
#: Room for what costs nothing, which has no logarithm.
_FREE = 40.0


@dataclass(frozen=True, slots=True)
class _Spot:
    """One way of answering all queries."""

    name: str
    #: USD per 1,000 prompts.
    cost: float
    quality: float
    kind: str
    radius: float
    lines: tuple[str, ...]


def draw(story: Story, roster: Roster, width: float) -> Markup:
    """The picture, `width` units wide."""
    spots = _spots(story, roster)
    curve = [(1000 * point.cost_usd, point.quality) for point in story.curve]
    plane = _plane([(spot.cost, spot.quality) for spot in spots] + curve, width)
    arms, free = list(_arms(story, plane)), [0.0] if plane.x.start > LEFT else []
    picture = Picture("trade", "Quality against cost", _description(spots))
    return frame(
        picture,
        width,
        plane.height,
        [
            group("axes", plane.axes(_COST, _QUALITY, 5, free)),
            *_curve(story, plane),
            *(line(*arm, "whisker") for arm in arms),
            marks(_mark(spot, plane) for spot in spots),
            group("labels", _labels(spots, curve, arms, plane)),
        ],
    )


def known(story: Story) -> bool:
    """Is there anything to draw?"""
    return bool(_spots(story, Roster((), {}, {})))


def _spots(story: Story, roster: Roster) -> list[_Spot]:
    """The fleet first, then random, then the LLMs."""
    report = story.report
    ways: list[tuple[str, Totals | Report, str, float]] = [
        ("Pointsman, this run", report, "fleet", 7.0),
        ("random", report.random, "random", 5.0),
        *((name, totals, roster.colour_of.get(name, "grey-0"), 5.5) for name, totals in story.singles.items()),
    ]
    return [
        _Spot(
            name,
            1000 * totals.cost_usd,
            totals.quality,
            kind,
            radius,
            (name, f"quality {words.quality(totals.quality)}", f"{words.cost(totals.cost_usd)} per 1,000 prompts"),
        )
        for name, totals, kind, radius in ways
        if totals.quality is not None and totals.cost_usd is not None
    ]


def _plane(points: Sequence[tuple[float, float]], width: float) -> Plane:
    height = 440.0 if width == NARROW else 470.0
    costs = [cost for cost, _ in points if cost > 0] or [1.0]
    qualities = [quality for _, quality in points] or [0.0, 1.0]
    margin = max(0.1 * (max(qualities) - min(qualities)), 0.02)
    low, high = max(min(qualities) - margin, 0.0), min(max(qualities) + margin, 1.02)
    # A decade at least, or there would be hardly a tick.
    room = max(1.35, sqrt(10 * min(costs) / max(costs)))
    left = LEFT + (_FREE if any(cost <= 0 for cost, _ in points) else 0)
    return Plane(
        Log(min(costs) / room, max(costs) * room, left, width - RIGHT, LEFT + _FREE / 2),
        Linear(low, high, height - BOTTOM, TOP),
        width,
        height,
    )


def _curve(story: Story, plane: Plane) -> Iterator[Markup]:
    """The line through what other willingnesses to pay would have come to."""
    if len(story.curve) < 2:
        return
    points = [plane.at(1000 * point.cost_usd, point.quality) for point in story.curve]
    yield path(points, "curve")
    told: list[Markup] = []
    for point, (x, y) in zip(story.curve, points, strict=True):
        lines = (
            f"willingness to pay {point.willingness_to_pay:.3g}",
            f"quality {words.quality(point.quality)}",
            f"{words.cost(point.cost_usd)} per 1,000 prompts",
        )
        told.append(element("circle", telling(lines, {"cx": x, "cy": y, "r": 2.2, "class": "on-curve"})))
    yield marks(told)


def _arms(story: Story, plane: Plane) -> Iterator[tuple[float, float, float, float]]:
    """95 % intervals of the fleet's own means, from (x, y) to (x, y)."""
    report = story.report
    if report.quality is None or report.cost_usd is None:
        return
    x, y = plane.at(1000 * report.cost_usd, report.quality)
    if (half := _half_width(_qualities(story.queries))) is not None:
        low, high = (min(max(report.quality + sign * half, plane.y.low), plane.y.high) for sign in (-1, 1))
        yield x, plane.y(high), x, plane.y(low)
    if (half := _half_width([one.cost_usd or 0.0 for one in story.queries])) is not None:
        low, high = (max(1000 * (report.cost_usd + sign * half), plane.x.low) for sign in (-1, 1))
        yield plane.x(low), y, min(plane.x(high), plane.width), y


def _qualities(queries: Sequence[QueryPoint]) -> list[float]:
    """As the report counts, no answer is worth nothing; empty when one of an answer is unknown."""
    if any(one.quality is None and one.answered_s is not None for one in queries):
        return []
    return [one.quality or 0.0 for one in queries]


def _half_width(values: Sequence[float]) -> float | None:
    """Half of the 95 % interval of a mean, by its standard error; None of fewer than two values.

    >>> _half_width([0.0, 1.0, 0.0, 1.0]) == 1.96 * sqrt(1 / 3 / 4)
    True
    """
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return 1.96 * sqrt(variance / len(values))


def _mark(spot: _Spot, plane: Plane) -> Markup:
    x, y = plane.at(spot.cost, spot.quality)
    if spot.kind == "fleet":
        r = spot.radius
        corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in ((0, -r), (r, 0), (0, r), (-r, 0)))
        return element("polygon", telling(spot.lines, {"points": corners, "class": "dot fleet"}))
    return element("circle", {"cx": x, "cy": y, "r": spot.radius, "class": f"dot {spot.kind}", **telling(spot.lines)})


def _labels(
    spots: Sequence[_Spot],
    curve: Sequence[tuple[float, float]],
    arms: Sequence[tuple[float, float, float, float]],
    plane: Plane,
) -> Iterator[Markup]:
    narrow = plane.width == NARROW
    letters, size = (15, 11.0) if narrow else (28, TEXT)
    anchors, said, kinds = [], [], []
    for spot in spots:
        name = "this run" if narrow and spot.kind == "fleet" else words.short(spot.name, letters)
        x, y = plane.at(spot.cost, spot.quality)
        bold = 1.12 if spot.kind == "fleet" else 1.0
        anchors.append(Anchored(x, y, spot.radius, bold * text_width(name, size) + 4, size + 4))
        said.append(name)
        kinds.append("label strong" if spot.kind == "fleet" else "label")
    points = [plane.at(*point) for point in curve]
    if len(points) > 1 and not narrow:
        name = "with more or less willingness to pay"
        x, y = points[len(points) // 2]
        anchors.append(Anchored(x, y, 2, text_width(name) + 4, TEXT + 4))
        said.append(name)
        kinds.append("label quiet")
    taken = [_around(spot, plane) for spot in spots] + [Box(x1 - 1, y1 - 1, x2 + 1, y2 + 1) for x1, y1, x2, y2 in arms]
    boxes = place(anchors, taken, list(_along(points)), plane.bounds)
    for one, box, name, kind in zip(anchors, boxes, said, kinds, strict=True):
        yield from leader(one, box)
        yield beside(one, box, name, kind)


def _around(spot: _Spot, plane: Plane) -> Box:
    x, y = plane.at(spot.cost, spot.quality)
    reach = spot.radius + 1
    return Box(x - reach, y - reach, x + reach, y + reach)


def _along(points: Sequence[tuple[float, float]]) -> Iterator[Box]:
    """Small boxes along a line."""
    for (x1, y1), (x2, y2) in pairwise(points):
        steps = max(int(max(abs(x2 - x1), abs(y2 - y1)) / 5), 1)
        for step in range(steps):
            x, y = x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps
            yield Box(x - 2, y - 2, x + 2, y + 2)


def _description(spots: Sequence[_Spot]) -> str:
    return "; ".join(", ".join(spot.lines) for spot in spots) + "."
