"""The demo's page in a real browser: it loads nothing, nothing is clipped, nothing covers anything."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pointsman.demo.page import render
from pointsman.demo.story import Story
from tests.unit.demo.page import stories

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    _CHROMIUM is None, reason="needs a browser: install one with `apt-get install chromium`, or any Chrome"
)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_STORIES: dict[str, Callable[[], Story]] = {
    "seven": lambda: stories.plausible(7),
    "thirteen": lambda: stories.plausible(13),
    "fourteen": lambda: stories.plausible(14, seed=5),
    "four": lambda: stories.plausible(4, seed=3),
    "lone": stories.lone,
    "real": stories.real_endpoints,
    "long": stories.long_waits,
    "hostile": stories.hostile,
}
ColorScheme = Literal["light", "dark"]
_LOOKS: list[tuple[ColorScheme, int]] = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 768)]
_PAPER = {"light": "rgb(255, 253, 249)", "dark": "rgb(22, 22, 24)"}
#: What is wrong with the visible pictures: text beyond its picture, text over other text, nothing drawn.
_FAULTS = (Path(__file__).parent / "faults.js").read_text(encoding="utf-8")


@dataclass
class _Opened:
    """A page and what the browser said of it."""

    page: Page
    said: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        yield opened
        opened.close()


def _open(browser: Browser, file: Path, story: Story) -> _Opened:
    file.write_text(render(story), encoding="utf-8")
    page = browser.new_page()
    opened = _Opened(page)
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    page.on("request", lambda request: opened.requested.append(request.url))
    page.goto(file.as_uri())
    return opened


@pytest.mark.parametrize("name", _STORIES)
def test_all_is_drawn_and_nothing_is_clipped_or_covered(browser: Browser, tmp_path: Path, name: str) -> None:
    file = tmp_path / "index.html"

    opened = _open(browser, file, _STORIES[name]())

    for scheme, width in _LOOKS:
        opened.page.emulate_media(color_scheme=scheme)
        opened.page.set_viewport_size({"width": width, "height": 900})
        assert opened.page.evaluate(_FAULTS) == [], (scheme, width)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.said == []
    assert opened.requested == [file.as_uri()]
    opened.page.close()


@pytest.mark.parametrize(("scheme", "width"), _LOOKS)
def test_the_page_is_painted(browser: Browser, tmp_path: Path, scheme: ColorScheme, width: int) -> None:
    opened = _open(browser, tmp_path / "index.html", stories.plausible(7))
    opened.page.emulate_media(color_scheme=scheme)
    opened.page.set_viewport_size({"width": width, "height": 900})

    opened.page.screenshot(path=tmp_path / "page.png", full_page=True)
    pictures = opened.page.locator("svg.picture:visible").all()
    drawn = [len(picture.screenshot()) for picture in pictures]
    opened.page.add_style_tag(content="svg.picture > * { visibility: hidden }")
    empty = [len(picture.screenshot()) for picture in pictures]

    assert len(pictures) == 4
    assert all(ink > 3 * paper for ink, paper in zip(drawn, empty, strict=True))
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == _PAPER[scheme]
    opened.page.close()


def test_the_check_sees_text_that_is_clipped_or_covered(browser: Browser, tmp_path: Path) -> None:
    page = _open(browser, tmp_path / "index.html", stories.plausible(4)).page

    page.evaluate("document.querySelectorAll('svg.wide text')[3].setAttribute('x', '-40')")
    page.evaluate(
        "document.querySelectorAll('svg.wide')[1].querySelectorAll('text').forEach(t => t.setAttribute('y', 90))"
    )

    faults = "\n".join(page.evaluate(_FAULTS))
    assert "is clipped" in faults
    assert "covers" in faults
    page.close()


def test_nothing_answered_is_a_page_too(browser: Browser, tmp_path: Path) -> None:
    opened = _open(browser, tmp_path / "index.html", stories.unanswered())

    assert opened.page.locator("h1").inner_text() == "0 of 3 prompts routed and answered"
    assert opened.page.evaluate(_FAULTS) == []
    assert opened.said == []
    opened.page.close()


def test_names_cannot_bring_in_markup(browser: Browser, tmp_path: Path) -> None:
    page = _open(browser, tmp_path / "index.html", stories.hostile()).page

    assert page.locator("script").count() == 1
    assert page.locator("b").count() == 0
    assert "<script>alert(1)</script>&\"'" in page.locator("table.llms").inner_text()
    page.close()


def test_a_point_tells_more_under_the_pointer_and_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    page = _open(browser, tmp_path / "index.html", stories.plausible(4)).page
    tip = page.locator("#tip")
    assert tip.is_hidden()

    page.locator("svg.wide .dot.fleet").hover()
    assert "Pointsman, this run\nquality 0." in (tip.text_content() or "")

    page.locator("svg.wide .dot.fleet").focus()
    page.keyboard.press("ArrowRight")
    assert (tip.text_content() or "").startswith("random\n")
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    page.close()
