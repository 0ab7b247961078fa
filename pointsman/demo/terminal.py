"""The story as a terminal shows it."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.markup import escape

from pointsman.command.output import seconds, table, usd
from pointsman.demo.story import Difference, Interval, Report, Story, Totals


def render(story: Story) -> Iterator[RenderableType]:
    """What each LLM did; then the totals beside what other ways would have come to."""
    report = story.report
    yield ""
    yield f"[bold]{escape(story.source)}[/]: {_counts(report)} in {seconds(story.seconds)}"
    yield ""
    columns = ("LLM", "Share", "Quality", "$/query", "Wait")
    rows = [
        (escape(llm), f"{one.share:.0%}", _share(one.quality), usd(one.cost_usd), seconds(one.wait_s))
        for llm, one in report.by_llm.items()
    ]
    yield table(*columns, rows=rows, numbers=columns[1:])
    yield ""
    columns = ("All queries by", "Quality", "$/query", "Pointsman's quality", "and cost")
    yield table(*columns, rows=[_ours(report), *_others(report)], numbers=columns[1:])
    if report.best_single is None:
        yield "What LLMs that were not asked would have answered is unknown: there is nothing to compare with."
    else:
        yield "Beside each: how Pointsman differs on the same queries, with 95 % intervals (paired bootstrap)."


def _counts(report: Report) -> str:
    ended = [f"{report.answered} of {report.queries} answered"]
    ended += [f"{count} {how}" for how, count in (("refused", report.refused), ("failed", report.failed)) if count]
    return ", ".join(ended)


def _ours(report: Report) -> tuple[str, ...]:
    return ("[bold]Pointsman[/]", f"[bold]{_share(report.quality)}[/]", f"[bold]{usd(report.cost_usd)}[/]", "", "")


def _others(report: Report) -> Iterator[tuple[str, ...]]:
    """Best, cheapest and random."""
    for name, single in (("best_single", report.best_single), ("cheapest", report.cheapest)):
        if single is not None:
            always = f"the {name.removesuffix('_single')}: {escape(single.llm)}"
            yield _other(always, single, report.differences[f"pointsman - {name}"])
    if report.random.quality is not None:
        yield _other("random ones", report.random, report.differences["pointsman - random"])


def _other(name: str, totals: Totals, difference: Difference) -> tuple[str, ...]:
    return (
        name,
        _share(totals.quality),
        usd(totals.cost_usd),
        _more(difference.quality),
        _times(difference.cost_ratio),
    )


def _share(quality: float | None) -> str:
    return "-" if quality is None else f"{quality:.3f}"


def _more(interval: Interval | None) -> str:
    """A difference."""
    if interval is None:
        return "-"
    low, mean, high = interval
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


def _times(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    low, mean, high = interval
    return f"×{mean:.2g} ({low:.2g} to {high:.2g})"
