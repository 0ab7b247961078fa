"""The pictures as PNG files, for papers and slides."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pointsman.evaluation.page.names import ordered
from pointsman.evaluation.report import Report

_SIZE, _DPI = (7.0, 5.0), 160


def draw_all(report: Report, folder: Path) -> None:
    """One file per picture."""
    pictures: dict[str, Callable[[Report, Axes], None]] = {
        "quality-cost.png": _trade,
        "calibration.png": _calibration,
        "cost.png": _cost,
        "length.png": _length,
        "domains.png": _domains,
    }
    for name, draw in pictures.items():
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        draw(report, figure.subplots())
        figure.savefig(folder / name)


def _trade(report: Report, axes: Axes) -> None:
    base = report.reference
    for name in ordered(list(report.routers)):
        points = sorted(
            (one.cost_usd / base.cost_usd, one.quality / base.quality) for one in report.routers[name].curve
        )
        best, shares, ratios = float("-inf"), [], []
        for share, ratio in points:
            best = max(best, ratio)
            shares.append(share)
            ratios.append(best)
        ours = name == "pointsman"
        axes.step(shares, ratios, where="post", label=name, linewidth=2.2 if ours else 1.0, zorder=3 if ours else 2)
    for llm, one in report.llms.items():
        at = (one.cost_usd / base.cost_usd, one.quality / base.quality)
        axes.plot(*at, "o", color="0.5", markersize=4)
        axes.annotate(llm, at, fontsize=6, xytext=(3, 3), textcoords="offset points", color="0.35")
    axes.set(xscale="log", xlabel=f"cost, of {base.llm}'s", ylabel=f"quality, of {base.llm}'s")
    axes.legend(fontsize=7)


def _calibration(report: Report, axes: Axes) -> None:
    for llm, one in report.predictions.items():
        bins = one.calibration.bins
        axes.plot([each.predicted for each in bins], [each.observed for each in bins], linewidth=0.7, label=llm)
    bins = report.calibration.bins
    axes.plot([each.predicted for each in bins], [each.observed for each in bins], "ko-", label="all")
    _diagonal(axes, 0.0, 1.0)
    axes.set(xlabel="predicted quality", ylabel="observed quality")
    axes.legend(fontsize=6)


def _cost(report: Report, axes: Axes) -> None:
    pairs = {llm: (one.predicted_cost_usd, one.realised_cost_usd) for llm, one in report.predictions.items()}
    _against(axes, pairs)
    axes.set(xlabel="predicted mean cost, USD", ylabel="realised mean cost, USD")


def _length(report: Report, axes: Axes) -> None:
    pairs = {
        llm: (one.predicted_tokens, one.realised_tokens)
        for llm, one in report.predictions.items()
        if one.predicted_tokens is not None and one.realised_tokens is not None
    }
    _against(axes, pairs)
    axes.set(xlabel="predicted mean response tokens", ylabel="recorded mean response tokens")


def _against(axes: Axes, pairs: dict[str, tuple[float, float]]) -> None:
    positive = {llm: pair for llm, pair in pairs.items() if min(pair) > 0}
    for llm, pair in positive.items():
        axes.plot(*pair, "o", markersize=4)
        axes.annotate(llm, pair, fontsize=6, xytext=(3, 3), textcoords="offset points")
    values = [value for pair in positive.values() for value in pair]
    if values:
        _diagonal(axes, min(values) / 1.5, max(values) * 1.5)
        axes.set(xscale="log", yscale="log")


def _diagonal(axes: Axes, low: float, high: float) -> None:
    axes.plot([low, high], [low, high], color="0.7", linewidth=0.8, zorder=1)


def _domains(report: Report, axes: Axes) -> None:
    shown = [name for name in ("pointsman", "best_single", "dataset_mean", "oracle") if name in report.routers]
    for place, name in enumerate(shown):
        areas = [one.area[name] or 0.0 for one in report.domains.values()]
        axes.barh([row + 0.2 * place for row in range(len(areas))], areas, height=0.2, label=name)
    axes.set_yticks([row + 0.3 for row in range(len(report.domains))], list(report.domains), fontsize=7)
    axes.set(xlabel="area under the cost-quality curve")
    axes.legend(fontsize=7)
