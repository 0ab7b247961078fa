"""The result of a run in a sentence and four figures."""

from datetime import UTC, datetime

from pointsman.demo.story import Interval, Report, Story
from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element, paragraph, text
from pointsman.drawing.scales import Linear
from pointsman.drawing.svg import line, rectangle

_BEST = "pointsman - best_single"
_RANDOM = "pointsman - random"
_DIAL_WIDTH, _DIAL_HEIGHT = 200.0, 14.0


def headline(story: Story) -> Markup:
    """The top of the page."""
    moment = datetime.fromtimestamp(story.started_at, UTC)
    return element(
        "header",
        None,
        paragraph(f"A run of Pointsman · {moment:%-d %B %Y, %H:%M} UTC", "kicker"),
        element("h1", None, text(title(story.report))),
        paragraph(standfirst(story), "standfirst"),
        element("div", {"class": "figures"}, *_figures(story.report)),
        *_note(story.report),
    )


def title(report: Report) -> str:
    """What came out, in words."""
    kept, saved = _kept(report), _saved(report)
    if kept is None or saved is None:
        return f"{report.answered:,} of {words.count(report.queries, 'prompt')} routed and answered"
    bill = f"{words.percent(1 - saved[1])} of the cost" if saved[1] > -1 else f"{1 - saved[1]:.1f} times the cost"
    return f"{words.percent(kept[1])} of the best LLM’s quality for {bill}"


def standfirst(story: Story) -> str:
    """The title's figures, explained."""
    report = story.report
    told = (
        f"{words.count(report.queries, 'prompt')} went over {words.count(len(story.llms), 'LLM')}"
        f"{f' in {words.seconds(story.seconds)}' if story.seconds > 0 else ''} ({story.source})."
    )
    if report.answered == 0:
        return f"{told} None was answered, so there is nothing to compare."
    ours = f"quality {words.quality(report.quality)} at {words.cost(report.cost_usd)} per 1,000 prompts"
    best = report.best_single
    if best is None:
        return f"{told} The fleet reached {ours}; what other LLMs would have answered is unknown."
    return (
        f"{told} {best.llm}, the best LLM for them as is known afterwards, would have reached quality "
        f"{words.quality(best.quality)} at {words.cost(best.cost_usd)} per 1,000 prompts, had it answered all. "
        f"The fleet reached {ours}."
    )


def _figures(report: Report) -> list[Markup]:
    kept, saved = _kept(report), _saved(report)
    best = "the best LLM" if report.best_single is None else report.best_single.llm
    gain = report.differences[_RANDOM].quality if _RANDOM in report.differences else None
    lost = [f"{report.refused:,} refused"] * (report.refused > 0) + [f"{report.failed:,} failed"] * (report.failed > 0)
    return [
        _figure("Quality kept", words.percent(_mean(kept)), kept, f"of always {best}", reference=1.0),
        _figure("Cost saved", words.percent(_mean(saved)), saved, f"against always {best}", reference=0.0),
        _figure(
            "Quality gained",
            words.UNKNOWN if gain is None else words.signed(gain[1]),
            gain,
            "over a random choice of LLM",
            reference=0.0,
        ),
        _figure(
            "Answered", f"{report.answered:,}", None, f"of {report.queries:,}; {' and '.join(lost) or 'none lost'}"
        ),
    ]


def _note(report: Report) -> list[Markup]:
    """What the bars of the figures are, where there are some."""
    known = any(one.quality is not None for one in report.differences.values())
    return [paragraph("Grey bars and ranges: 95 % intervals. Dotted: no difference.", "key-note")] if known else []


def _figure(name: str, value: str, interval: Interval | None, meaning: str, reference: float | None = None) -> Markup:
    dial = element("div") if interval is None or reference is None else _dial(name, interval, reference)
    kind = "figure unknown" if value == words.UNKNOWN else "figure"
    return element(
        "div",
        {"class": kind},
        paragraph(name, "name"),
        paragraph(value, "value"),
        paragraph(meaning, "meaning"),
        dial,
    )


def _dial(name: str, interval: Interval, reference: float) -> Markup:
    """The interval as a bar beside the value that would mean no difference."""
    said = _range(name, interval)
    low, mean, high = interval
    least, most = min(low, reference), max(high, reference)
    margin = 0.06 * (most - least) or 1.0
    at = Linear(least - margin, most + margin, 0, _DIAL_WIDTH)
    middle = _DIAL_HEIGHT / 2
    drawing = element(
        "svg",
        {"class": "dial", "viewBox": f"0 0 {_DIAL_WIDTH:.0f} {_DIAL_HEIGHT:.0f}", "aria-hidden": "true"},
        line(0, middle, _DIAL_WIDTH, middle, "grid"),
        rectangle(at(low), middle - 3, max(at(high) - at(low), 2), 6, "interval"),
        line(at(reference), 0, at(reference), _DIAL_HEIGHT, "reference"),
        line(at(mean), 1, at(mean), _DIAL_HEIGHT - 1, "mean"),
    )
    return element("div", None, drawing, paragraph(said, "range"))


def _range(name: str, interval: Interval) -> str:
    ends = (interval[0], interval[2])
    if name == "Quality gained":
        low, high = map(words.signed, ends)
    else:
        low, high = (f"{100 * end:.1f}".replace("-", "−") for end in ends)
    return f"{low} to {high}" + ("" if name == "Quality gained" else "\xa0%")


def _mean(interval: Interval | None) -> float | None:
    return None if interval is None else interval[1]


def _kept(report: Report) -> Interval | None:
    """The fleet's quality over that of the best single LLM."""
    best, difference = report.best_single, report.differences.get(_BEST)
    if best is None or not best.quality or difference is None or difference.quality is None:
        return None
    low, mean, high = (1 + end / best.quality for end in difference.quality)
    return low, mean, high


def _saved(report: Report) -> Interval | None:
    """The part of the best single LLM's cost that was not spent."""
    difference = report.differences.get(_BEST)
    if difference is None or difference.cost_ratio is None:
        return None
    high, mean, low = (1 - end for end in difference.cost_ratio)
    return low, mean, high
