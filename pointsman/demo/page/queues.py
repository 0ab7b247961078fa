"""The queues before the LLMs over time: one strip each, all to one scale."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pointsman.demo.page.roster import Roster
from pointsman.demo.page.timeline import Timeline, stalls
from pointsman.demo.story import QueueSample, Story
from pointsman.drawing import words
from pointsman.drawing.markup import Attributes, Markup, element
from pointsman.drawing.svg import Picture, frame, group, label, line, marks, path, rectangle, telling

_AXIS = 34.0
_HEAD = 20.0
#: Most samples that can be pointed at.
_SLICES = 60
_Run = list[tuple[float, float]]


def draw(story: Story, roster: Roster, width: float) -> Markup:
    """The picture, `width` units wide."""
    timeline = Timeline(story, width)
    names = roster.names[::-1]
    row = _row_height(len(names), timeline.narrow)
    top = timeline.top + _HEAD
    bottom = top + row * len(names)
    most = max((value for sample in story.queues for value in sample.outstanding_s.values()), default=0.0)
    strips = [
        group(
            f"strip {roster.colour_of[name]}",
            _strip(story, name, timeline, _Place(top + row * place, row, most), roster),
        )
        for place, name in enumerate(names)
    ]
    return frame(
        Picture("queues", "Work waiting for each LLM over time", _description(story, names)),
        width,
        bottom + _AXIS,
        [
            group("behind", timeline.behind(bottom)),
            group("heads", _heads(timeline)),
            *strips,
            group("moments", timeline.before(bottom)),
            group("axes", timeline.axis(bottom)),
            marks(_slices(story.queues, timeline, top, bottom)),
        ],
    )


class _Place:
    """Where a strip is, and its scale."""

    def __init__(self, top: float, height: float, most: float) -> None:
        self.top, self.bottom = top, top + height
        self._most = most

    def y(self, value: float) -> float:
        share = value / self._most if self._most > 0 else 0.0
        return self.bottom - share * 0.86 * (self.bottom - self.top)


def _row_height(count: int, narrow: bool) -> float:
    roomy, tight = (46.0, 38.0) if narrow else (44.0, 30.0)
    return roomy if count <= 8 else tight


def _heads(timeline: Timeline) -> Iterator[Markup]:
    y = timeline.top + _HEAD / 2 - 2
    if timeline.narrow:
        yield label(timeline.x.end + 6, y, "at most", "axis-name")
    else:
        yield label(timeline.x.start - 10, y, "Seconds of work", "axis-name", "end")
        yield label(timeline.x.end + 62, y, "at most", "axis-name", "end")


def _strip(story: Story, name: str, timeline: Timeline, place: _Place, roster: Roster) -> Iterator[Markup]:
    for begin, end in stalls(story.events, name, timeline.end_s):
        x = timeline.x(begin)
        yield rectangle(x, place.top + 2, timeline.x(end) - x, place.bottom - place.top - 2, "silent")
    for run in runs(story.queues, name):
        places = [(timeline.x(at_s), place.y(value)) for at_s, value in run]
        outline = [(places[0][0], place.bottom), *places, (places[-1][0], place.bottom)]
        yield path(outline, "area", closed=True)
        yield path(places, "outline")
    since = timeline.x(roster.joined_s.get(name, 0.0))
    yield line(since, place.bottom, timeline.x.end, place.bottom, "base")
    yield from _words(story, name, timeline, place)


def _words(story: Story, name: str, timeline: Timeline, place: _Place) -> Iterator[Markup]:
    known = [sample.outstanding_s[name] for sample in story.queues if name in sample.outstanding_s]
    longest = words.seconds(max(known)) if known else words.UNKNOWN
    if timeline.narrow:
        yield label(timeline.x.end + 6, place.bottom - 22, words.short(name, 14), "label")
        yield label(timeline.x.end + 6, place.bottom - 7, longest, "value quiet")
    else:
        yield label(timeline.x.start - 10, place.bottom - 9, words.short(name, 20), "label", "end")
        yield label(timeline.x.end + 62, place.bottom - 9, longest, "value", "end")


def runs(samples: Sequence[QueueSample], name: str) -> list[_Run]:
    """Stretches of time for which something is known of an LLM: (seconds, outstanding seconds)."""
    found: list[_Run] = [[]]
    for sample in samples:
        value = sample.outstanding_s.get(name)
        if value is not None:
            found[-1].append((sample.at_s, value))
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def _slices(samples: Sequence[QueueSample], timeline: Timeline, top: float, bottom: float) -> Iterator[Markup]:
    """Moments that tell all queues when pointed at."""
    within = [one for one in samples if 0 <= one.at_s <= timeline.end_s]
    for first, following in pairwise([*within[:: len(within) // _SLICES + 1], None]):
        assert first is not None
        x = timeline.x(first.at_s)
        end = timeline.x.end if following is None else timeline.x(following.at_s)
        box: Attributes = {"x": x, "y": top, "width": max(end - x, 0), "height": bottom - top, "class": "slice"}
        waiting = sorted(first.outstanding_s.items(), key=lambda item: -item[1])
        lines = [f"{first.at_s:.1f} s", *(f"{name} {words.seconds(value)}" for name, value in waiting)]
        yield element("rect", telling(lines, box))


def _description(story: Story, names: Sequence[str]) -> str:
    told = []
    for name in names:
        values = [sample.outstanding_s[name] for sample in story.queues if name in sample.outstanding_s]
        told.append(f"{name} at most {words.seconds(max(values, default=None))}")
    return f"Seconds of work outstanding: {', '.join(told)}."
