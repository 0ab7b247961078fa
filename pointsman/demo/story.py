"""What one run of the demo told: all that its report and its page show."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.messages import Receipt

Share = Annotated[float, Field(ge=0, le=1)]
#: Low end, mean and high end of a 95 % interval.
Interval = tuple[float, float, float]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Totals(_Told):
    """Means over the same queries, by answering all of them in one way."""

    #: None where nobody can say: the answers of real endpoints that were not asked.
    quality: Share | None
    cost_usd: float | None


class Single(Totals):
    """One LLM answering every query."""

    llm: str


class LlmTotals(Totals):
    """What one LLM did of the queries; means over those it answered, None where it answered none."""

    #: Of all answered queries.
    share: Share
    wait_s: float | None


class StageTimes(_Told):
    """Seconds that queries spent in one stage."""

    p50_s: float
    p99_s: float


class Difference(_Told):
    """The fleet's means minus another way's on the same queries; None where those are not known."""

    quality: Interval | None
    cost_usd: Interval | None
    #: The fleet's mean cost over the other way's; None also where that costs nothing.
    cost_ratio: Interval | None = None


class Report(_Told):
    """`report.json`. Qualities and costs are means per query."""

    queries: int
    answered: int
    refused: int
    failed: int
    quality: Share | None
    cost_usd: float | None
    #: The one LLM that would have been best on these queries, known only afterwards.
    best_single: Single | None
    cheapest: Single | None
    random: Totals
    by_llm: dict[str, LlmTotals]
    stages: dict[str, StageTimes]
    #: By `pointsman - best_single`, `pointsman - cheapest`, `pointsman - random`.
    differences: dict[str, Difference]


class DemoLlm(_Told):
    """One LLM of the demo."""

    name: str
    usd_per_mtok_input: float
    usd_per_mtok_output: float
    parallelism: int
    #: Seconds after the first query; None: it was there from the start.
    joined_s: float | None = None


#: What was done to the fleet while a query was sent.
Phase = Literal["calm", "burst", "joined", "stalled", "recovered"]

Kind = Literal["burst_began", "burst_ended", "joined", "stalled", "recovered"]


class QueryPoint(_Told):
    """One query's way; times in seconds after the first query was sent."""

    sent_s: float
    #: None where it was not answered; then so are llm, quality, cost and wait.
    answered_s: float | None
    llm: str | None
    topic: str
    quality: Share | None
    cost_usd: float | None
    wait_s: float | None
    phase: Phase


class QueueSample(_Told):
    """Predicted seconds of work not yet done, by LLM, as decision sees it."""

    at_s: float
    outstanding_s: dict[str, float]


class Happening(_Told):
    """What was done to the fleet, and when."""

    at_s: float
    kind: Kind
    #: Whom it befell; None: the fleet.
    llm: str | None = None


class CurvePoint(_Told):
    """What the same heads would have scored and cost on the same queries, waits ignored; realised, not predicted."""

    willingness_to_pay: float
    quality: Share
    cost_usd: float


class Told(_Told):
    """One query's receipt, and its explanation in sentences that repeat nothing of the query."""

    receipt: Receipt
    lines: tuple[str, ...]


class Story(_Told):
    """One run of the demo, from the first query to the last answer."""

    #: The workload, or the recorded answers and their pool.
    source: str
    #: Seconds since the epoch.
    started_at: float
    #: From the first query sent to the last answer.
    seconds: float
    report: Report
    llms: tuple[DemoLlm, ...]
    queries: tuple[QueryPoint, ...]
    queues: tuple[QueueSample, ...]
    events: tuple[Happening, ...]
    #: From the lowest willingness to pay to the highest; empty where counterfactuals are unknown.
    curve: tuple[CurvePoint, ...]
    #: Every LLM alone on the same queries; empty where that is unknown.
    singles: dict[str, Totals]
    #: None where no query was decided.
    explained: Told | None
