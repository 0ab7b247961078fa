"""Two squares: predicted against observed quality, and predicted against realised cost."""

from collections.abc import Iterator
from math import sqrt

from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element
from pointsman.drawing.scales import Linear, Log
from pointsman.drawing.svg import NARROW, Picture, frame, group, label, line, marks, telling
from pointsman.evaluation.report import Report

_LEFT, _TOP, _BOTTOM, _GAP = 46.0, 30.0, 46.0, 76.0
_SMALLEST, _LARGEST = 2.5, 11.0


def draw(report: Report, width: float) -> Markup:
    """Side by side, or one above the other on a phone."""
    narrow = width == NARROW
    side = width - _LEFT - 14 if narrow else (width - 2 * _LEFT - _GAP) / 2
    second = (0.0, side + _TOP + _BOTTOM) if narrow else (side + _GAP, 0.0)
    height = _TOP + side + _BOTTOM + second[1]
    return frame(
        Picture("reliability", "Predictions against what came", _description(report)),
        width,
        height,
        [*_quality(report, _LEFT, _TOP, side), *_cost(report, _LEFT + second[0], _TOP + second[1], side)],
    )


def _quality(report: Report, left: float, top: float, side: float) -> Iterator[Markup]:
    x, y = Linear(0, 1, left, left + side), Linear(0, 1, top + side, top)
    ticks = [(x(tick), y(tick), f"{tick:g}") for tick in x.ticks(5)]
    yield group("axes", _square(left, top, side, ticks, "Observed quality", "Predicted quality"))
    yield line(x(0), y(0), x(1), y(1), "base")
    most = max(one.rows for one in report.calibration.bins)
    yield marks(
        element(
            "circle",
            {
                "cx": x(one.predicted),
                "cy": y(one.observed),
                "r": max(_LARGEST * sqrt(one.rows / most), _SMALLEST),
                "class": "dot hue-0",
                **telling(
                    [
                        f"predicted {words.quality(one.predicted)}",
                        f"observed {words.quality(one.observed)}",
                        words.count(one.rows, "answer"),
                    ]
                ),
            },
        )
        for one in report.calibration.bins
    )


def _cost(report: Report, left: float, top: float, side: float) -> Iterator[Markup]:
    """Means of each LLM, per 1,000 prompts."""
    shown = {
        llm: (1000 * one.predicted_cost_usd, 1000 * one.realised_cost_usd)
        for llm, one in report.predictions.items()
        if one.predicted_cost_usd > 0 and one.realised_cost_usd > 0
    }
    values = [value for pair in shown.values() for value in pair] or [1.0]
    low, high = min(values) / 1.6, max(values) * 1.6
    x, y = Log(low, high, left, left + side, left), Log(low, high, top + side, top, top + side)
    ticks = [(x(tick), y(tick), words.dollars(tick)) for tick in x.ticks(5)]
    yield group("axes", _square(left, top, side, ticks, "Realised, per 1,000 prompts", "Predicted cost (log scales)"))
    yield line(x(low), y(low), x(high), y(high), "base")
    yield marks(
        element(
            "circle",
            {
                "cx": x(predicted),
                "cy": y(realised),
                "r": 4.5,
                "class": "dot hue-1",
                **telling([llm, f"predicted {words.dollars(predicted)}", f"realised {words.dollars(realised)}"]),
            },
        )
        for llm, (predicted, realised) in shown.items()
    )


def _square(
    left: float, top: float, side: float, ticks: list[tuple[float, float, str]], upwards: str, across: str
) -> Iterator[Markup]:
    for x, y, said in ticks:
        yield line(left, y, left + side, y, "grid")
        yield label(left - 6, y, said, "tick", "end")
        yield line(x, top + side, x, top + side + 5, "axis")
        yield label(x, top + side + 15, said, "tick", "middle")
    yield line(left, top + side, left + side, top + side, "axis")
    yield label(left - _LEFT, top - 19, upwards, "axis-name")
    yield label(left + side, top + side + 36, across, "axis-name", "end")


def _description(report: Report) -> str:
    return "; ".join(
        f"predicted {words.quality(one.predicted)}, observed {words.quality(one.observed)}"
        for one in report.calibration.bins
    )
