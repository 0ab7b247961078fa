"""How the routing turns: whom the prompts of each stretch of time went to."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pointsman.demo.page.roster import Roster
from pointsman.demo.page.timeline import Timeline
from pointsman.demo.story import QueryPoint, Story
from pointsman.drawing import words
from pointsman.drawing.markup import Attributes, Markup, element
from pointsman.drawing.placing import spread
from pointsman.drawing.scales import rounded_up
from pointsman.drawing.svg import LINE, Picture, frame, group, label, line, marks, rectangle, telling

_AXIS = 34.0
_COUNTS = 46.0
_GAP = 30.0
_MOST_BINS = 30
#: Prompts in a stretch of time, about.
_PER_BIN = 12


@dataclass(frozen=True, slots=True)
class _Bin:
    """One stretch of time and who took its prompts; None: nobody."""

    begin_s: float
    end_s: float
    taken: Counter[str | None]

    @property
    def total(self) -> int:
        return self.taken.total()


def draw(story: Story, roster: Roster, width: float) -> Markup:
    """The picture, `width` units wide."""
    timeline = Timeline(story, width)
    order = [name for name in roster.names if any(query.llm == name for query in story.queries)]
    cut = bins(story.queries, timeline.end_s)
    top = timeline.top + 4
    bottom = top + max(230.0 if timeline.narrow else 250.0, LINE * len(order))
    end = bottom + _GAP + _COUNTS
    return frame(
        Picture("shares", "Who took the prompts, over time", _description(cut)),
        width,
        end + _AXIS,
        [
            group("behind", timeline.behind(end)),
            *(_column(one, order, roster, timeline, (top, bottom)) for one in cut if one.total),
            group("labels", _names(cut, order, roster, timeline, (top, bottom))),
            group("axes", _scale(timeline, top, bottom)),
            group("counts", _counts(cut, timeline, end)),
            group("moments", timeline.before(end)),
            group("axes", timeline.axis(end)),
            marks(_slice(one, timeline, top, end) for one in cut if one.total),
        ],
    )


def bins(queries: Sequence[QueryPoint], end_s: float) -> list[_Bin]:
    """The time cut into equal stretches, with about `_PER_BIN` prompts in each."""
    count = min(max(len(queries) // _PER_BIN, 1), _MOST_BINS)
    length_s = end_s / count
    taken: list[Counter[str | None]] = [Counter() for _ in range(count)]
    for query in queries:
        taken[min(max(int(query.sent_s / length_s), 0), count - 1)][query.llm] += 1
    return [_Bin(place * length_s, (place + 1) * length_s, one) for place, one in enumerate(taken)]


def _column(one: _Bin, order: Sequence[str], roster: Roster, timeline: Timeline, span: tuple[float, float]) -> Markup:
    """The dearest on top; what nobody answered above them."""
    x, right = timeline.x(one.begin_s) + 0.5, timeline.x(one.end_s) - 0.5
    parts, y = [], span[1]
    for name in [*order, None]:
        height = one.taken[name] / one.total * (span[1] - span[0])
        kind = "lost" if name is None else f"part {roster.colour_of[name]}"
        if height > 0:
            parts.append(rectangle(x, y - height + 0.4, right - x, max(height - 0.8, 0.4), kind))
        y -= height
    return group("column", parts)


def _names(
    cut: Sequence[_Bin], order: Sequence[str], roster: Roster, timeline: Timeline, span: tuple[float, float]
) -> Iterator[Markup]:
    """The LLMs beside the last column, in the order of the stack."""
    last = next((one for one in reversed(cut) if one.total), None)
    if last is None:
        return
    upwards = [*order, *([None] if any(one.taken[None] for one in cut) else [])]
    middles, y = [], span[1]
    for name in upwards:
        height = last.taken[name] / last.total * (span[1] - span[0])
        middles.append(y - height / 2)
        y -= height
    places = spread(middles[::-1], LINE, span[0] + 6, span[1] - 6)[::-1]
    x = timeline.x.end
    for name, middle, place in zip(upwards, middles, places, strict=True):
        colour = "lost" if name is None else roster.colour_of[name]
        if last.taken[name]:
            yield line(timeline.x(last.end_s) + 1, middle, x + 9, place, f"tie {colour}")
        yield rectangle(x + 10, place - 4, 8, 8, f"key {colour}")
        yield label(x + 22, place, words.short(name or "no answer", 12 if timeline.narrow else 18), "label")


def _scale(timeline: Timeline, top: float, bottom: float) -> Iterator[Markup]:
    if timeline.narrow:
        return
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - top)
        yield label(timeline.x.start - 10, y, words.percent(share), "tick", "end")
    yield line(timeline.x.start, (top + bottom) / 2, timeline.x.end, (top + bottom) / 2, "half")


def _counts(cut: Sequence[_Bin], timeline: Timeline, end: float) -> Iterator[Markup]:
    """Prompts per second, from 0."""
    rates = [one.total / (one.end_s - one.begin_s) for one in cut]
    most = rounded_up(max(rates, default=0.0), 2)
    for one, rate in zip(cut, rates, strict=True):
        x, right = timeline.x(one.begin_s) + 0.5, timeline.x(one.end_s) - 0.5
        height = rate / most * _COUNTS
        yield rectangle(x, end - height, right - x, height, "rate")
    yield line(timeline.x.start, end - _COUNTS, timeline.x.end, end - _COUNTS, "grid")
    y = end - _COUNTS
    if timeline.narrow:
        yield label(timeline.x.start, y - 9, f"Prompts per second, line at {most:g}", "axis-name")
    else:
        yield label(timeline.x.start - 10, y, f"{most:g}", "tick", "end")
        yield label(timeline.x.start - 10, y + 18, "Prompts per", "axis-name", "end")
        yield label(timeline.x.start - 10, y + 34, "second", "axis-name", "end")


def _slice(one: _Bin, timeline: Timeline, top: float, end: float) -> Markup:
    x, right = timeline.x(one.begin_s), timeline.x(one.end_s)
    box: Attributes = {"x": x, "y": top, "width": right - x, "height": end - top, "class": "slice"}
    return element("rect", telling(_told(one), box))


def _told(one: _Bin) -> list[str]:
    rows = [f"{name or 'no answer'} {count}" for name, count in one.taken.most_common()]
    return [f"{one.begin_s:.0f}–{one.end_s:.0f} s: {words.count(one.total, 'prompt')}", *rows]


def _description(cut: Sequence[_Bin]) -> str:
    return "; ".join(", ".join(_told(one)) for one in cut if one.total) + "."
