"""The result in a sentence and four figures."""

from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element, paragraph, text
from pointsman.evaluation.report import Report

_SHARE, _RATIO = "0.2418", "0.9725"
_SINGLE = "pointsman - best_single"


def headline(report: Report) -> Markup:
    """The top of the page."""
    return element(
        "header",
        None,
        paragraph("An evaluation of Pointsman on recorded answers", "kicker"),
        element("h1", None, text(title(report))),
        paragraph(standfirst(report), "standfirst"),
        element("div", {"class": "figures"}, *_figures(report)),
    )


def title(report: Report) -> str:
    """What came out, in words."""
    kept = report.routers["pointsman"].quality_ratio_at_cost_share[_SHARE]
    if kept is None:
        return f"Nothing to be had for {words.percent(float(_SHARE))} of the cost"
    return f"{words.percent(kept)} of the quality for {words.percent(float(_SHARE))} of the cost"


def standfirst(report: Report) -> str:
    """The title, explained."""
    sources = report.sources
    low, mean, high = report.differences[_SINGLE].area
    sure = "surely better than" if low > 0 else "surely worse than" if high < 0 else "not surely other than"
    return (
        f"{words.count(len(report.llms), 'LLM')} answered {words.count(sources.train_queries, 'prompt')} the router "
        f"learned from and {sources.test_queries:,} others that it is scored on, of which every LLM’s quality and cost "
        f"is known. All is relative to {report.reference.llm} answering all of them: quality "
        f"{words.quality(report.reference.quality)} at {words.cost(report.reference.cost_usd)} per 1,000 prompts. Over "
        f"all costs the router is {sure} the best single LLM for the same money ({words.signed(mean)}; 95 % interval "
        f"{words.signed(low)} to {words.signed(high)})."
    )


def _figures(report: Report) -> list[Markup]:
    ours = report.routers["pointsman"]
    bound = report.routers["oracle"]
    return [
        _figure(
            "Area under the curve",
            f"{ours.area:.3f}",
            "mean quality ratio over cost shares from 2 % to 100 %",
            f"{_range(ours.ci95.area)}; nobody can pass {bound.area:.3f}",
        ),
        _figure(
            f"Quality at {words.percent(float(_SHARE))} of cost",
            _ratio(ours.quality_ratio_at_cost_share[_SHARE]),
            "of the reference’s quality, at best",
            _range(ours.ci95.quality_ratio_at_cost_share[_SHARE]),
        ),
        _figure(
            f"Cost of {100 * float(_RATIO):g} % quality",
            _ratio(ours.cost_share_at_quality_ratio[_RATIO]),
            "of the reference’s cost, at least",
            _range(ours.ci95.cost_share_at_quality_ratio[_RATIO]),
        ),
        _figure(
            "The encoder",
            f"{report.encoder.prompts_per_s_at_137_tokens:.0f}/s",
            "prompts of 137 tokens on one core",
            f"{report.encoder.prompts_per_s_on_test_prompts:.0f}/s on the test prompts",
        ),
    ]


def _figure(name: str, value: str, meaning: str, range_: str) -> Markup:
    return element(
        "div",
        {"class": "figure"},
        paragraph(name, "name"),
        paragraph(value, "value"),
        paragraph(meaning, "meaning"),
        paragraph(range_, "range"),
    )


def _ratio(value: float | None) -> str:
    return "never" if value is None else f"{100 * value:.1f}\xa0%"


def _range(ends: tuple[float | None, float | None]) -> str:
    low, high = ("never" if end is None else f"{end:.3f}" for end in ends)
    return f"95 % interval {low} to {high}"
