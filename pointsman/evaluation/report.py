"""`report.json`: the figures by name; design 5 fixes the first four fields, the others explain them."""

from collections.abc import Mapping
from math import isfinite

from pydantic import BaseModel, ConfigDict

from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.bootstrap import Scored, interval
from pointsman.evaluation.measures import Measures

Interval = tuple[float | None, float | None]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Llm(_Part):
    """One LLM, had it answered all test queries; means."""

    quality: float
    cost_usd: float


class Reference(Llm):
    llm: str


class Point(_Part):
    """A router at one setting; means over the test queries, realised."""

    setting: float
    quality: float
    cost_usd: float


class Intervals(_Part):
    """95 % bootstrap intervals [low, high]; null is infinitely bad: no sample of that rank reached it."""

    area: Interval
    max_quality_ratio: Interval
    cost_share_at_quality_ratio: dict[str, Interval]
    quality_ratio_at_cost_share: dict[str, Interval]


class Router(_Part):
    curve: tuple[Point, ...]
    area: float
    max_quality_ratio: float
    #: Null where the curve never gets that good, or that cheap.
    cost_share_at_quality_ratio: dict[str, float | None]
    quality_ratio_at_cost_share: dict[str, float | None]
    ci95: Intervals


class Difference(_Part):
    """[low, mean, high] over the same bootstrap samples."""

    area: tuple[float, float, float]


class Domain(_Part):
    """Queries with one label; areas are relative to the reference LLM on these queries, null where it earns nothing."""

    queries: int
    reference: Llm
    area: dict[str, float | None]


class Bin(_Part):
    predicted: float
    observed: float
    rows: int


class Calibration(_Part):
    """Of the served quality predictions on the test queries."""

    bins: tuple[Bin, ...]
    #: Mean of |observed - predicted| over the bins, by rows.
    error: float
    squared_error: float
    constant_squared_error: float


class Prediction(_Part):
    """One LLM's served forecasts against what came, and the head they are from."""

    #: Null where the prior is served.
    head: str | None
    rejected: str | None
    training_rows: int
    predicted_cost_usd: float
    realised_cost_usd: float
    cost_correlation: float | None
    predicted_tokens: float | None
    realised_tokens: float | None
    interval_coverage: float | None
    usd_per_mtok_input: float
    usd_per_mtok_output: float
    #: Share of the recorded costs' variance that these prices explain; null: tokens are not recorded, and the length
    #: head learns the cost itself, in micro-dollars.
    prices_explain: float | None
    calibration: Calibration


class Served(_Part):
    """The default router at the default willingness to pay."""

    willingness_to_pay: float
    alpha: float
    quality_ratio: float
    cost_share: float
    #: Mean predicted over mean realised cost of the chosen answers; null where they were free.
    predicted_over_realised_cost: float | None
    #: Share of the queries that each LLM answers.
    shares: dict[str, float]


class Encoder(_Part):
    version: str
    depth: int
    max_length: int
    dimensions: int
    precision: str
    #: One core, by processor time.
    prompts_per_s_at_137_tokens: float
    prompts_per_s_on_test_prompts: float


class LeftOut(_Part):
    """Queries that were not used, and why; see docs/evaluating.md."""

    test_without_quality: int
    test_without_cost: int
    missing_by_llm: dict[str, int]
    in_both: int
    alike_used: int


class Withheld(_Part):
    """The served router's area with a head of one LLM that is fitted on that many of its rows."""

    area: float
    ci95: tuple[float, float]
    #: Less the area without this LLM: [low, mean, high].
    gain: tuple[float, float, float]
    #: Null where its prior is served.
    head: str | None


class Withholding(_Part):
    """One LLM, as if it came new; `rows`: "0", "20", "50", "200", "all"."""

    area_without: float
    rows: dict[str, Withheld]


class Routing(_Part):
    """What design 5 fixes."""

    reference: Reference
    llms: dict[str, Llm]
    routers: dict[str, Router]
    differences: dict[str, Difference]


class Elsewhere(Routing):
    """The same routers, scored on another source."""

    files: tuple[str, ...]
    queries: int
    left_out: LeftOut


class Sources(_Part):
    train: tuple[str, ...]
    test: tuple[str, ...]
    llms: tuple[str, ...]
    train_queries: int
    test_queries: int
    seed: int
    seconds: float
    left_out: LeftOut


class Report(Routing):
    """Everything."""

    served: Served
    domains: dict[str, Domain]
    calibration: Calibration
    predictions: dict[str, Prediction]
    encoder: Encoder
    withhold: dict[str, Withholding]
    ood: Elsewhere | None
    sources: Sources


def router(scored: Scored) -> Router:
    points = zip(scored.settings, scored.quality, scored.cost_usd, strict=True)
    made, samples = scored.measures, scored.samples
    return Router(
        curve=tuple(Point(setting=at, quality=quality, cost_usd=cost) for at, quality, cost in points),
        area=float(made.area[0]),
        max_quality_ratio=float(made.max_quality_ratio[0]),
        cost_share_at_quality_ratio={
            str(ratio): finite(values[0]) for ratio, values in made.cost_share_at_quality_ratio.items()
        },
        quality_ratio_at_cost_share={
            str(share): finite(values[0]) for share, values in made.quality_ratio_at_cost_share.items()
        },
        ci95=_intervals(samples),
    )


def differences(scored: Mapping[str, Scored], ours: str = "pointsman") -> dict[str, Difference]:
    """Our area less every other router's, paired."""
    mine = scored[ours]
    return {f"{ours} - {name}": Difference(area=difference(mine, one)) for name, one in scored.items() if name != ours}


def difference(one: Scored, other: Scored) -> tuple[float, float, float]:
    """[low, mean, high] of the areas' difference."""
    low, high = interval(one.samples.area - other.samples.area)
    return low, float(one.measures.area[0] - other.measures.area[0]), high


def finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _intervals(samples: Measures) -> Intervals:
    def ends(values: Mapping[float, Doubles]) -> dict[str, Interval]:
        return {str(key): _ends(samples_of) for key, samples_of in values.items()}

    return Intervals(
        area=_ends(samples.area),
        max_quality_ratio=_ends(samples.max_quality_ratio),
        cost_share_at_quality_ratio=ends(samples.cost_share_at_quality_ratio),
        quality_ratio_at_cost_share=ends(samples.quality_ratio_at_cost_share),
    )


def _ends(samples: Doubles) -> Interval:
    low, high = interval(samples)
    return finite(low), finite(high)
