"""The cost-quality picture: a line per router, a dot per LLM."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import sqrt

from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element, text
from pointsman.drawing.placing import Anchored, Box, beside, leader, place
from pointsman.drawing.plane import BOTTOM, LEFT, RIGHT, TOP, Axis, Plane
from pointsman.drawing.scales import Linear, Log
from pointsman.drawing.svg import NARROW, TEXT, Picture, frame, group, marks, path, telling, text_width
from pointsman.evaluation.page.names import DRAWN, colour
from pointsman.evaluation.report import Llm, Point, Routing

_COST = Axis("Cost, of the reference’s (log scale)", words.percent)
_QUALITY = Axis("Quality, of the reference’s", words.percent)
_RADIUS = 4.5


def draw(routing: Routing, width: float) -> Markup:
    """The picture, `width` units wide."""
    curves = {name: _curve(routing, name) for name in DRAWN if name in routing.routers}
    singles = {llm: _relative(one, routing) for llm, one in routing.llms.items()}
    plane = _plane([*singles.values(), *(point for curve in curves.values() for point in curve)], singles, width)
    picture = Picture("trade-off", "Quality against cost", _description(routing))
    return frame(
        picture,
        width,
        plane.height,
        [
            group("axes", plane.axes(_COST, _QUALITY, 6)),
            *(_line(name, curve, plane) for name, curve in curves.items()),
            marks(_dot(llm, point, routing.llms[llm], plane) for llm, point in singles.items()),
            group("labels", _labels(singles, plane)),
        ],
    )


def key(routing: Routing) -> Markup:
    """Which line is whose."""
    return element(
        "p",
        {"class": "key-note"},
        *(
            element("span", {"class": "name"}, element("span", {"class": f"key {colour(name)}"}), text(f"{name}  "))
            for name in DRAWN
            if name in routing.routers
        ),
    )


def _curve(routing: Routing, router: str) -> list[tuple[float, float]]:
    """What cost buys: each point that beats all cheaper ones, cheapest first."""
    points = sorted((_relative(point, routing) for point in routing.routers[router].curve), key=_dearer_and_worse)
    kept: list[tuple[float, float]] = []
    for share, ratio in points:
        if not kept or ratio > kept[-1][1]:
            kept.append((share, ratio))
    return kept


def _dearer_and_worse(point: tuple[float, float]) -> tuple[float, float]:
    return point[0], -point[1]


def _relative(one: Llm | Point, routing: Routing) -> tuple[float, float]:
    return one.cost_usd / routing.reference.cost_usd, one.quality / routing.reference.quality


def _plane(points: Sequence[tuple[float, float]], singles: Mapping[str, tuple[float, float]], width: float) -> Plane:
    """The worst lines may leave it at the bottom: the eye belongs where LLMs are good."""
    height = 440.0 if width == NARROW else 500.0
    shares = [share for share, _ in points if share > 0] or [0.1, 1.0]
    ratios = [ratio for _, ratio in points]
    low, high = min(ratio for _, ratio in singles.values()), max(ratios)
    margin = max(0.05 * (high - low), 0.02)
    room = max(1.25, sqrt(10 * min(shares) / max(shares)))
    return Plane(
        Log(min(shares) / room, max(shares) * room, LEFT, width - RIGHT, LEFT),
        Linear(max(low - margin, 0.0), high + margin, height - BOTTOM, TOP),
        width,
        height,
    )


def _line(name: str, curve: Sequence[tuple[float, float]], plane: Plane) -> Markup:
    """Steps: between two settings nothing can be had."""
    points = [plane.within(*point) for point in curve]
    corners = points[:1]
    for (_, before), (x, y) in pairwise(points):
        corners += [(x, before), (x, y)]
    corners.append((plane.x.end, points[-1][1]))
    return path(corners, "curve" if name == "pointsman" else f"outline {colour(name)}")


def _dot(llm: str, point: tuple[float, float], one: Llm, plane: Plane) -> Markup:
    x, y = plane.within(*point)
    lines = (llm, f"quality {words.quality(one.quality)}", f"{words.cost(one.cost_usd)} per 1,000 prompts")
    return element("circle", {"cx": x, "cy": y, "r": _RADIUS, "class": "dot grey-0", **telling(lines)})


def _labels(singles: Mapping[str, tuple[float, float]], plane: Plane) -> Iterator[Markup]:
    narrow = plane.width == NARROW
    letters, size = (12, 11.0) if narrow else (24, TEXT)
    said = [words.short(llm, letters) for llm in singles]
    spots = [plane.within(*point) for point in singles.values()]
    anchors = [
        Anchored(x, y, _RADIUS, text_width(name, size) + 4, size + 4) for name, (x, y) in zip(said, spots, strict=True)
    ]
    reach = _RADIUS + 1
    taken = [Box(x - reach, y - reach, x + reach, y + reach) for x, y in spots]
    for one, box, name in zip(anchors, place(anchors, taken, [], plane.bounds), said, strict=True):
        yield from leader(one, box)
        yield beside(one, box, name, "label quiet")


def _description(routing: Routing) -> str:
    singles = (
        f"{llm}: {words.percent(ratio)} of the quality for {words.percent(share)} of the cost"
        for llm, (share, ratio) in ((llm, _relative(one, routing)) for llm, one in routing.llms.items())
    )
    return f"Relative to {routing.reference.llm}. {'; '.join(singles)}."
