"""The time axis that the queues and the shares have in common, and what happened on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pointsman.demo.story import Happening, Story
from pointsman.drawing import words
from pointsman.drawing.markup import Markup
from pointsman.drawing.scales import Linear
from pointsman.drawing.svg import LINE, NARROW, label, line, rectangle, text_width

#: Left and right of the time axis, by the width of the picture.
_MARGINS_WIDE, _MARGINS_NARROW = (174.0, 172.0), (4.0, 118.0)
_NOTE = 12.0
_SAID = {"joined": "joins", "stalled": "stalls", "recovered": "recovers"}


@dataclass(frozen=True, slots=True)
class _Note:
    """What is written above the picture at a moment."""

    x: float
    said: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A note in its place."""

    note: _Note
    row: int
    left: float
    wide: float

    def meets(self, other: "_Row") -> bool:
        """Does its text cover the other's, or the line of one go through the text of the other?"""
        if self.row == other.row:
            return self.left < other.left + other.wide and other.left < self.left + self.wide
        above, below = (self, other) if self.row < other.row else (other, self)
        return above.note.kind != "burst" and below.left + 1 < above.note.x < below.left + below.wide


class Timeline:
    """Times onto the page, with rows for notes above."""

    def __init__(self, story: Story, width: float) -> None:
        left, right = _MARGINS_NARROW if width == NARROW else _MARGINS_WIDE
        self.width = width
        self.end_s = max(story.seconds, *(one.at_s for one in story.events), 1e-3)
        self.x = Linear(0, self.end_s, left, width - right)
        self._bursts = bursts(story.events, self.end_s)
        self._notes = _in_rows(self._all_notes(story.events), width)
        #: Where the picture may begin below the notes.
        self.top = LINE * (1 + max((one.row for one in self._notes), default=-1)) + 6

    @property
    def narrow(self) -> bool:
        return self.width == NARROW

    def behind(self, bottom: float) -> Iterator[Markup]:
        """The shade of the burst."""
        for begin, end in self._bursts:
            yield rectangle(self.x(begin), self.top - 4, self.x(end) - self.x(begin), bottom - self.top + 4, "burst")

    def before(self, bottom: float) -> Iterator[Markup]:
        """What happened, in words above and as lines through the picture."""
        for one in self._notes:
            if one.note.kind != "burst":
                yield line(one.note.x, LINE * one.row + LINE - 2, one.note.x, bottom, f"moment {one.note.kind}")
            yield label(one.left + 4, LINE * (one.row + 0.5), one.note.said, f"note {one.note.kind}")

    def axis(self, bottom: float) -> Iterator[Markup]:
        """Ticks and seconds below the picture; 30 units high."""
        yield line(self.x.start, bottom, self.x.end, bottom, "axis")
        ticks = self.x.ticks(4 if self.narrow else 8)
        for tick in ticks:
            said = f"{tick:g} s" if tick == ticks[-1] else f"{tick:g}"
            yield line(self.x(tick), bottom, self.x(tick), bottom + 5, "axis")
            yield label(self.x(tick), bottom + 15, said, "tick", "start" if tick == 0 and self.narrow else "middle")

    def _all_notes(self, events: Sequence[Happening]) -> list[_Note]:
        notes = [_Note(self.x(begin), "burst", "burst") for begin, _ in self._bursts]
        for one in events:
            if one.kind in _SAID:
                name = words.short(one.llm or "an LLM", 16 if self.narrow else 28)
                notes.append(_Note(self.x(one.at_s), f"{name} {_SAID[one.kind]}", one.kind))
        return sorted(notes, key=lambda note: note.x)


def bursts(events: Sequence[Happening], end_s: float) -> list[tuple[float, float]]:
    """When each burst began and ended; one that never ended goes on to the end."""
    return _spans([(one.kind, one.at_s) for one in events], "burst_began", "burst_ended", end_s)


def stalls(events: Sequence[Happening], llm: str, end_s: float) -> list[tuple[float, float]]:
    """When an LLM stalled and recovered."""
    return _spans([(one.kind, one.at_s) for one in events if one.llm == llm], "stalled", "recovered", end_s)


def _spans(moments: Sequence[tuple[str, float]], begin: str, end: str, end_s: float) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    open_since: float | None = None
    for kind, at_s in sorted(moments, key=lambda moment: moment[1]):
        if kind == begin and open_since is None:
            open_since = at_s
        elif kind == end and open_since is not None:
            spans.append((open_since, at_s))
            open_since = None
    return spans if open_since is None else [*spans, (open_since, end_s)]


def _in_rows(notes: Sequence[_Note], width: float) -> list[_Row]:
    """Each note, from left to right, in the first row where no text meets another or another's line."""
    placed: list[_Row] = []
    for note in notes:
        wide = text_width(note.said, _NOTE) + 8
        left = max(min(note.x, width - wide), 0)
        tried = [_Row(note, row, left, wide) for row in range(len(notes) + 1)]
        placed.append(next((one for one in tried if not any(one.meets(other) for other in placed)), tried[-1]))
    return placed
