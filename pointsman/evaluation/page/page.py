"""The whole page, top to bottom."""

from collections.abc import Callable, Iterator

from pointsman.drawing.markup import Markup, joined
from pointsman.drawing.sheet import figure, sheet
from pointsman.drawing.svg import NARROW, WIDE
from pointsman.evaluation.page import reliability, tables, tradeoff
from pointsman.evaluation.page.headline import headline
from pointsman.evaluation.page.notes import notes
from pointsman.evaluation.report import Report

_HOW_TRADE = (
    "How to read it: up is better, left is cheaper. Each dot is one LLM answering all test queries alone. A line "
    "shows the best quality that a router reaches at or under a cost, as its users are willing to pay more or less; "
    "it goes in steps, as nothing can be had between two settings. The quality axis does not begin at 0."
)
_HOW_ROUTERS = (
    "How to read it: the area is the mean, over cost shares of 2, 3, … 100 %, of the best quality at or under that "
    "cost, relative to the reference LLM. Intervals hold 95 % of 1,000 bootstrap samples of the test queries, the "
    "same for all routers; the last column is our area less the router’s, and where its interval is above 0, ours is "
    "surely better."
)
_HOW_DOMAINS = (
    "How to read it: areas as above, on the queries of one data set, relative to the reference on these. With few "
    "queries they are vague."
)
_HOW_RELIABILITY = (
    "How to read it: on the diagonal, predictions came true. Left, all answers of all LLMs by predicted quality, "
    "larger dots are more answers; right, each LLM’s mean cost. Hover, or walk with Tab and the arrows, for the "
    "numbers."
)
_HOW_LLMS = (
    "Costs are means per 1,000 prompts, over all test queries. The calibration error is the mean distance of predicted "
    "from observed quality. Tokens of the response; the interval is right when it holds 80 %. The last column: who "
    "answers, at the default willingness to pay."
)
_HOW_WITHHELD = (
    "How to read it: the other LLMs’ heads stay as they are; this one’s is fitted on that many of its answers. Without "
    "enough of them it competes with the prior that a fleet gives an LLM nobody knows."
)
_HOW_ELSEWHERE = "The same routers, fitted on the same queries, on queries of another source."


def render(report: Report) -> str:
    """One self-contained HTML page; it loads nothing from anywhere."""
    return sheet("Pointsman: an evaluation", _parts(report))


def _parts(report: Report) -> Iterator[Markup]:
    yield headline(report)
    yield figure("Quality against cost", joined([_twice(report, tradeoff.draw), tradeoff.key(report)]), _HOW_TRADE)
    yield figure("Router by router", tables.routers(report), _HOW_ROUTERS)
    if len(report.domains) > 1:
        yield figure("Data set by data set", tables.domains(report), _HOW_DOMAINS)
    yield figure("Can the predictions be believed?", _twice(report, reliability.draw), _HOW_RELIABILITY)
    yield figure("LLM by LLM", tables.llms(report), _HOW_LLMS)
    if report.withhold:
        yield figure("An LLM that comes new", tables.withheld(report.withhold), _HOW_WITHHELD)
    if report.ood is not None:
        yield figure(f"Elsewhere: {report.ood.queries:,} other queries", tables.routers(report.ood), _HOW_ELSEWHERE)
    yield notes(report)


def _twice(report: Report, draw: Callable[[Report, float], Markup]) -> Markup:
    return joined(draw(report, width) for width in (WIDE, NARROW))
