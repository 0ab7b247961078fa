"""Marks and text of a picture, and the frame with its title that holds them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pointsman.drawing.markup import Attributes, Markup, element, joined, number, text

Anchor = Literal["start", "middle", "end"]
#: Every picture is drawn twice: for a desk and for a phone, so that text keeps its size on both.
WIDE, NARROW = 880.0, 340.0
TEXT = 13.0
LINE = 17.0
#: Widths of letters in sizes of the text: those of a wide typeface, as the reader's is not known.
_WIDTHS = dict.fromkeys("fijlrtI .,:;'|-()/", 0.42) | dict.fromkeys("mwMW@%…", 1.0)
_CAPITAL, _LETTER = 0.74, 0.635


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is, in words, and its parts."""

    name: str
    title: str
    #: What it shows, for those who cannot see it.
    description: str


def text_width(said: str, size: float = TEXT) -> float:
    """No less than the width of a text set in `size`."""
    return size * sum(_WIDTHS.get(letter, _CAPITAL if letter.isupper() else _LETTER) for letter in said)


def frame(picture: Picture, width: float, height: float, parts: Iterable[Markup]) -> Markup:
    """The whole picture as one `svg` of that many units."""
    kind = "wide" if width == WIDE else "narrow"
    ids = f"{picture.name}-{kind}"
    return element(
        "svg",
        {
            "class": f"picture {kind}",
            "viewBox": f"0 0 {number(width)} {number(height)}",
            "role": "group",
            "aria-labelledby": f"{ids}-title",
            "aria-describedby": f"{ids}-description",
        },
        element("title", {"id": f"{ids}-title"}, text(picture.title)),
        element("desc", {"id": f"{ids}-description"}, text(picture.description)),
        *parts,
    )


def group(kind: str, parts: Iterable[Markup]) -> Markup:
    return element("g", {"class": kind}, joined(parts))


def marks(parts: Iterable[Markup]) -> Markup:
    """Marks with tips that the keyboard walks through by its arrows."""
    return element("g", {"data-marks": ""}, joined(parts))


def telling(lines: Sequence[str], attributes: Attributes | None = None) -> Attributes:
    """`attributes` of a mark that tells more when asked."""
    return {**(attributes or {}), "data-tip": "\n".join(lines), "role": "img", "aria-label": ", ".join(lines)}


def label(x: float, y: float, said: str, kind: str = "label", anchor: Anchor = "start") -> Markup:
    """Text whose line is centred on y."""
    return element("text", {"x": x, "y": y, "dy": "0.35em", "class": kind, "text-anchor": anchor}, text(said))


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": kind})


def rectangle(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return element("rect", {"x": x, "y": y, "width": width, "height": height, "class": kind})


def path(points: Sequence[tuple[float, float]], kind: str, closed: bool = False) -> Markup:
    steps = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return element("path", {"d": f"M{steps}{'Z' if closed else ''}", "class": kind})
