"""From a query to its dispatch: accepted, embedding, prediction, receipt, dispatch."""

from typing import Annotated

from pydantic import Field

from shared.messages.message import Message
from shared.messages.query import Query, Share

#: `<partition>-<offset>` of the query's own record, `b` before it when that is on `queries-batch`.
Origin = Annotated[str, Field(pattern=r"^b?\d+-\d+$")]
Seconds = Annotated[float, Field(ge=0)]


class Accepted(Message):
    """A query the fleet owns, with what was computed of it once."""

    query: Query
    origin: Origin
    #: Append time of the query's record on the broker's clock, seconds since the epoch; the partition key of the log.
    accepted_at: float
    #: From `queries-batch`: dispatched to `dispatch-batch.<llm>`.
    batch: bool = False
    #: (d,) float32, unit length, packed.
    vector: str
    #: Version of the encoder that made the vector.
    encoder: str
    #: By the encoder's tokenizer, uncut.
    prompt_tokens: Annotated[int, Field(ge=0)]
    #: (f,) float32, packed; see shared.features. None where an older embedder computed none.
    features: str | None = None
    #: Numbers and cosines of the nearest training queries, packed; see shared.packed. None without an atlas.
    neighbours: str | None = None
    domain: str | None = None
    #: To the nearest training query, cosine distance in [0, 2]; None before anything was trained.
    distance: float | None = None


class Embedding(Message):
    """What predictors need, and no prompt text: it would be copied once per LLM."""

    origin: Origin
    accepted_at: float
    vector: str
    encoder: str
    prompt_tokens: Annotated[int, Field(ge=0)]
    #: (f,) float32, packed; see shared.features. None where an older embedder computed none.
    features: str | None = None
    #: Numbers and cosines of the nearest training queries, packed; see shared.packed. None without an atlas.
    neighbours: str | None = None


class TokenForecast(Message):
    """Predicted response tokens; the mean drives cost, the interval deadlines."""

    mean: Annotated[float, Field(ge=0)]
    p10: Annotated[float, Field(ge=0)]
    p90: Annotated[float, Field(ge=0)]


class Prediction(Message):
    """What one LLM is expected to make of one query."""

    origin: Origin
    accepted_at: float
    llm: str
    quality: Share
    response_tokens: TokenForecast
    #: u of method 1.5: near 1 where nothing was observed, near 0 where much was.
    uncertainty: Annotated[float, Field(ge=0)]
    #: Version of the head; None when the registry prior was served.
    head: str | None = None


class Candidate(Message):
    """One LLM as the decision saw it: prediction, cost, wait and score."""

    llm: str
    quality: Share
    response_tokens: TokenForecast
    uncertainty: float
    #: Version of the head; None when the registry prior stood in.
    head: str | None = None
    #: The prediction did not come in time and the registry prior stood in.
    late: bool = False
    prompt_tokens: int
    cost_usd: float
    #: Expected seconds from now to the end of the answer.
    wait_s: float
    #: The part of wait_s that is the answer itself.
    service_s: float
    trade: float
    penalty: float
    score: float
    #: The hard limit it fails (`llms`, `context`, `max_cost_usd`, `max_wait_s`, `excluded`, `closed`), or None.
    barred_by: str | None = None


class Flip(Message):
    """The smallest change that would have changed the choice; None where no change of that kind does."""

    #: New willingness to pay, and who would have won.
    willingness_to_pay: float | None = None
    willingness_to_pay_llm: str | None = None
    #: New total cost in USD of the chosen LLM's answer at which the runner-up wins.
    cost_usd: float | None = None
    #: New wait in seconds of the chosen LLM at which the runner-up wins.
    wait_s: float | None = None
    runner_up: str | None = None


class Receipt(Message):
    """Topic `decisions`: why this LLM; everything needed to judge the choice later, and no prompt text."""

    decision_id: str
    origin: Origin
    query_id: str
    tenant: str
    accepted_at: float
    decided_at: float
    #: 1 for the first try; off-policy estimates use first attempts only.
    attempt: int
    batch: bool = False
    #: None when refused.
    llm: str | None
    refusal: str | None = None
    candidates: tuple[Candidate, ...]
    #: Probability with which this LLM was chosen; 1 when the user opted out of exploration.
    propensity: Annotated[float, Field(gt=0, le=1)]
    explored: bool = False
    willingness_to_pay: float
    tau_s: float
    policy: str
    encoder: str
    flip: Flip = Flip()
    vector: str
    prompt_tokens: int
    features: str | None = None
    neighbours: str | None = None
    domain: str | None = None
    distance: float | None = None
    #: Kept only where the operator told the fleet to (POINTSMAN_STORE_TEXT).
    text: str | None = None
    #: Replica that decided, and the newest capacity announcement it had seen per LLM (broker time, seconds).
    replica: str = ""
    capacity_seen_at: dict[str, float] = {}


class Dispatch(Message):
    """Work for one LLM, and all that is needed to decide again should it fail."""

    decision_id: str
    accepted: Accepted
    llm: str
    attempt: Annotated[int, Field(ge=1)]
    #: Attempts so far that count against the limit of 3, this one included.
    counted_attempts: Annotated[int, Field(ge=0)] = 1
    #: Broker time after which no call may start or go on, seconds since the epoch.
    deadline: float
    #: LLMs that may not be asked again for this query.
    excluded: tuple[str, ...] = ()
    #: The other candidates with their predictions, best first.
    alternatives: tuple[Prediction, ...] = ()
    prediction: Prediction
    prompt_tokens: int
    #: Predicted seconds of work: first_token_s + tokens / tokens_per_s.
    service_s: Seconds
    #: Seconds the query spent in each stage so far.
    stages: dict[str, float] = {}
