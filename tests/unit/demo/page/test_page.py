"""What the page says, and that it says no more than is known."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from pointsman.demo.page import render
from pointsman.demo.page.headline import standfirst, title
from pointsman.demo.page.limits import lines
from pointsman.demo.page.queues import runs
from pointsman.demo.page.roster import HUES, roster
from pointsman.demo.page.shares import bins
from pointsman.demo.page.timeline import bursts, stalls
from pointsman.demo.story import Happening, Story
from pointsman.drawing.placing import Anchored, Box, place
from tests.unit.demo.page import stories

_STORIES = [stories.plausible(7), stories.unanswered(), stories.lone(), stories.real_endpoints(), stories.hostile()]


class _Balance(HTMLParser):
    """Fails on markup that does not close what it opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("story", _STORIES)
def test_all_that_is_opened_is_closed(story: Story) -> None:
    reader = _Balance()

    reader.feed(render(story))

    assert reader.open == []


@pytest.mark.parametrize("story", _STORIES)
def test_nothing_is_loaded_from_anywhere(story: Story) -> None:
    page = render(story)

    assert re.findall(r'(?:src|href)="(?!data:,)|@import|url\((?!#)|https?://|fetch\(', page) == []


def test_the_title_tells_quality_kept_and_the_bill() -> None:
    story = stories.plausible(7)
    best = story.report.best_single
    assert best is not None
    assert best.quality is not None
    assert best.cost_usd is not None
    kept, bill = (story.report.quality or 0) / best.quality, (story.report.cost_usd or 0) / best.cost_usd

    told = title(story.report)

    assert told == f"{kept * 100:.0f}\xa0% of the best LLM’s quality for {bill * 100:.0f}\xa0% of the cost"


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    story = stories.real_endpoints()

    page = render(story)

    assert "what other LLMs would have answered is unknown" in standfirst(story)
    assert page.count(">unknown<") == 3 + 2 * len(story.llms) + 2
    assert any("is unknown" in line for line in lines(story))
    assert "simulated" not in " ".join(lines(story))


def test_simulated_llms_are_said_to_be_simulated() -> None:
    assert "The LLMs are simulated" in render(stories.plausible(4))


def test_an_llm_without_queue_samples_has_a_gap_and_no_zero() -> None:
    story = stories.plausible(4)
    joined = next(one for one in story.llms if one.joined_s is not None)

    (run,) = runs(story.queues, joined.name)

    assert run[0][0] == joined.joined_s


def test_the_busiest_have_colours_of_their_own() -> None:
    story = stories.plausible(13)
    shares = {name: one.share for name, one in story.report.by_llm.items()}

    who = roster(story)

    coloured = [name for name in who.names if who.colour_of[name].startswith("hue")]
    assert len({who.colour_of[name] for name in coloured}) == len(coloured) == HUES
    assert min(shares[name] for name in coloured) >= max(
        shares.get(name, 0) for name in who.names if name not in coloured
    )


def test_every_prompt_is_in_one_stretch_of_time() -> None:
    story = stories.plausible(7)

    cut = bins(story.queries, story.seconds)

    assert sum(one.total for one in cut) == len(story.queries)
    assert all(left.end_s == pytest.approx(right.begin_s) for left, right in pairwise(cut))
    assert sum(one.taken[None] for one in cut) == story.report.failed


def test_what_did_not_end_goes_on_to_the_end() -> None:
    events = [Happening(at_s=3, kind="burst_began"), Happening(at_s=5, kind="stalled", llm="a")]

    assert bursts(events, 9) == [(3, 9)]
    assert stalls(events, "a", 9) == [(5, 9)]
    assert stalls(events, "b", 9) == []


def test_labels_of_crowded_marks_do_not_cover_each_other() -> None:
    marks = [Anchored(150 + 9 * (index % 4), 100 + 7 * (index // 4), 5, 70, 17) for index in range(14)]

    boxes = place(marks, [], [], Box(0, 0, 400, 300))

    assert all(box.within(Box(0, 0, 400, 300)) for box in boxes)
    assert all(not one.shared_with(other) for index, one in enumerate(boxes) for other in boxes[:index])
