"""HTML and SVG that cannot be broken by what they show: all text is escaped on its way in."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import NewType

#: Text that is markup already; everything else has to pass `text` first.
Markup = NewType("Markup", str)
Attributes = Mapping[str, str | float | None]

_VOID = {"meta", "br", "hr", "img"}


def text(value: str) -> Markup:
    """What is shown as it stands.

    >>> text("a < b")
    'a &lt; b'
    """
    return Markup(escape(value, quote=False))


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("".join(parts))


def element(name: str, attributes: Attributes | None = None, *children: Markup) -> Markup:
    """One element; attributes that are None are left out, numbers are rounded to a tenth.

    >>> element("rect", {"x": 1 / 3, "class": "a&b", "id": None})
    '<rect x="0.3" class="a&amp;b"></rect>'
    """
    given = {} if attributes is None else attributes
    written = "".join(f' {key}="{_attribute(value)}"' for key, value in given.items() if value is not None)
    start = f"<{name}{written}>"
    return Markup(start if name in _VOID else f"{start}{''.join(children)}</{name}>")


def paragraph(said: str, kind: str | None = None) -> Markup:
    return element("p", {"class": kind}, text(said))


def _attribute(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """A coordinate, as short as it can be.

    >>> number(2.0), number(1.26), number(-0.01)
    ('2', '1.3', '0')
    """
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")
