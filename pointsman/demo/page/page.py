"""The whole page, top to bottom."""

from collections.abc import Callable

from pointsman.demo.page import queues, shares, stages, trade
from pointsman.demo.page.headline import headline
from pointsman.demo.page.limits import limits
from pointsman.demo.page.llms import table
from pointsman.demo.page.receipt import explained
from pointsman.demo.page.roster import Roster, roster
from pointsman.demo.story import Story
from pointsman.drawing.markup import Markup, joined
from pointsman.drawing.sheet import figure, sheet
from pointsman.drawing.svg import NARROW, WIDE

_HOW_TRADE = (
    "How to read it: up is better, left is cheaper. Each dot answers every prompt with one LLM alone. The line is what "
    "the same predictions would have come to for users who pay more or less, waits ignored. The diamond is this run, "
    "waits and disturbances included, its arms 95 % intervals. The quality axis does not begin at 0."
)
_HOW_QUEUES = (
    "How to read it: each strip is one LLM, the dearest on top; its height is the predicted seconds of work "
    "it has not done yet. All strips have one scale."
)
_HOW_SHARES = (
    "How to read it: each column is a stretch of time, cut by whom its prompts went to; same time axis as above. "
    "A colour that widens is an LLM that the fleet turned to. Below: how many prompts came in."
)
_HOW_STAGES = (
    "How to read it: dark, the time within which half of the prompts passed a stage; light, 99 of 100. "
    "Both panels begin at 0 and have scales of their own."
)
_HOW_TABLE = (
    "Costs are per 1,000 prompts. The fleet gives each LLM the prompts that suit it, so the quality of the prompts it "
    "was given says little about how it would do on all of them: compare what each would have reached had it answered "
    "all."
)
_HOW_RECEIPT = (
    "How to read it: quality, cost and wait are what was predicted before any LLM was asked; the cost is that of "
    "1,000 such answers. The score weighs them, and the highest wins. Every decision leaves such a receipt: "
    "pointsman explain QUERY_ID."
)
#: What silence is drawn with; apart from the pictures, as one of each pair is hidden.
_HATCH = Markup(
    '<svg class="hatch" aria-hidden="true"><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path d="M0 0V6"/></pattern></svg>'
)


def render(story: Story) -> str:
    """One self-contained HTML page; it loads nothing from anywhere."""
    return sheet("Pointsman: what the demo showed", _parts(story), _HATCH)


def _parts(story: Story) -> list[Markup]:
    who = roster(story)
    parts = [headline(story)]
    if trade.known(story):
        parts.append(figure("Quality against cost", _twice(story, who, trade.draw), _HOW_TRADE))
    if story.queues:
        parts.append(figure("Queues fill and empty", _twice(story, who, queues.draw), _how_queues(story)))
    if story.report.answered:
        parts.append(figure("The routing turns", _twice(story, who, shares.draw), _HOW_SHARES))
    if story.report.stages:
        drawn = joined(stages.draw(story, width) for width in (WIDE, NARROW))
        parts.append(figure("Where the time goes", drawn, _HOW_STAGES))
    parts.append(figure("LLM by LLM", table(story, who), _HOW_TABLE))
    if story.explained is not None:
        parts.append(figure("One decision, explained", explained(story.explained, who), _HOW_RECEIPT))
    return [*parts, limits(story)]


def _how_queues(story: Story) -> str:
    kinds = {one.kind for one in story.events}
    shade = " Shaded: the burst." if "burst_began" in kinds else ""
    return f"{_HOW_QUEUES}{shade}{' Hatched: the LLM was silent.' if 'stalled' in kinds else ''}"


def _twice(story: Story, who: Roster, draw: Callable[[Story, Roster, float], Markup]) -> Markup:
    return joined(draw(story, who, width) for width in (WIDE, NARROW))
