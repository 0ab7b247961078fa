"""What was left out, and what the figures do not say."""

from pointsman.drawing.markup import Markup, element, text
from pointsman.evaluation.report import LeftOut, Report

#: Prices that explain less of the costs are worth a remark.
_ROUGH = 0.9


def notes(report: Report) -> Markup:
    """The small print."""
    said = [*_left_out(report.sources.left_out), *_costs(report), *_always(report)]
    items = [element("li", None, text(line)) for line in said]
    heading = element("h2", None, text("What was left out, and what this does not show"))
    return element("section", {"class": "limits"}, heading, element("ul", None, *items))


def _left_out(counted: LeftOut) -> list[str]:
    lines = []
    incomplete = counted.test_without_quality + counted.test_without_cost
    if incomplete:
        by_llm = ", ".join(f"{llm} {cells:,}" for llm, cells in counted.missing_by_llm.items())
        lines.append(
            f"{incomplete:,} test queries were left out: an LLM’s quality ({counted.test_without_quality:,}) or cost "
            f"({counted.test_without_cost:,}) is unknown. Unknown answers by LLM: {by_llm}."
        )
    else:
        lines.append("No test query was left out: every LLM’s quality and cost is known of each.")
    if counted.in_both:
        lines.append(
            f"{counted.in_both:,} training queries were left out, as the test queries hold the same or a "
            "near-duplicate."
        )
    if counted.alike_used:
        lines.append(
            f"{counted.alike_used:,} training queries equal a test query but for numbers and punctuation and were "
            "used, as most do: prompts that are made from templates."
        )
    return lines


def _costs(report: Report) -> list[str]:
    unpriced = [llm for llm, one in report.predictions.items() if one.prices_explain is None]
    rough = [llm for llm, one in report.predictions.items() if (one.prices_explain or 1.0) < _ROUGH]
    rejected = [llm for llm, one in report.predictions.items() if one.head is None]
    lines = []
    if unpriced:
        lines.append(f"Tokens are not recorded of {', '.join(unpriced)}: the length head learned the cost itself.")
    if rough:
        lines.append(f"Prices per token explain less than 90 % of the recorded costs’ variance of {', '.join(rough)}.")
    if rejected:
        lines.append(
            f"No head beats the constant for {', '.join(rejected)}: as in a fleet, the prior is served, here the mean "
            "of the training answers."
        )
    return lines


def _always(report: Report) -> list[str]:
    return [
        "Each curve takes, at every cost, the best of its settings as the test queries show it. Somebody who has to "
        "choose a setting beforehand gets slightly less; that holds for all routers alike.",
        "Waits are left out: recorded answers have none. A fleet also weighs queues, and explores with one query in "
        "20.",
        "The intervals tell how much the test queries drawn matter, not another split of training and test.",
        f"The served router weighs uncertainty with {report.served.alpha:g} and by default pays "
        f"{report.served.willingness_to_pay:g} times the reference’s mean cost for a quality of 1: that gives "
        f"{100 * report.served.quality_ratio:.1f} % of the quality for {100 * report.served.cost_share:.1f} % of the "
        "cost.",
        f"Encoder {report.encoder.version}, seed {report.sources.seed}, {report.sources.seconds:.0f} s in all.",
    ]
