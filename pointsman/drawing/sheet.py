"""One HTML page that loads nothing from anywhere."""

from collections.abc import Iterable
from importlib.resources import files

from pointsman.drawing.markup import Markup, element, text


def sheet(title: str, parts: Iterable[Markup], hidden: Markup | None = None) -> str:
    """The document; `hidden` are definitions that its pictures share."""
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        # Without it browsers ask the server for one.
        Markup('<link rel="icon" href="data:,">'),
        element("title", None, text(title)),
        element("style", None, _asset("page.css")),
    )
    tip = element("div", {"id": "tip", "role": "tooltip", "hidden": "hidden"})
    script = element("script", None, _asset("page.js"))
    body = element("body", None, *([] if hidden is None else [hidden]), element("main", None, *parts), tip, script)
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, head, body)}\n"


def figure(heading: str, content: Markup, how: str) -> Markup:
    """A section with a picture or table, and how to read it."""
    caption = element("figcaption", None, text(how))
    return element("section", None, element("h2", None, text(heading)), element("figure", None, content, caption))


def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))
