"""What each LLM offers for a query: its prediction turned into cost, wait and context."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.decision.outstanding import Outstanding
from services.decision.undecided import Undecided
from shared.messages import Llm, Prediction, Query
from shared.prior import prior
from shared.routing.hardness import shift
from shared.routing.offer import Offer
from shared.routing.score import cost_usd
from shared.routing.waits import PartitionLoad, service_s, wait_s

#: More than any context window.
_UNBOUNDED_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Forecast:
    """An offer, and what it was made from."""

    llm: Llm
    prediction: Prediction
    #: The registry prior stands in for a prediction that did not come.
    late: bool
    offer: Offer
    prompt_tokens: int
    #: The part of the wait that is the answer itself, seconds.
    service_s: float
    loads: list[PartitionLoad]


def forecasts(
    undecided: Undecided,
    llms: Iterator[Llm],
    outstanding: Outstanding,
    now: float,
    context_margin: float,
    usual_quality: Mapping[str, float],
) -> list[Forecast]:
    """One forecast per LLM; those without a prediction compete with their registry prior.

    A prior's quality is shifted by how hard the query is for LLMs with heads, against their `usual_quality`.
    """
    informed = {llm: one.quality for llm, one in undecided.predictions.items() if one.head is not None}
    easier = shift(informed, usual_quality)
    return [_forecast(undecided, llm, easier, outstanding, now, context_margin) for llm in llms]


def most_response_tokens(query: Query) -> int | None:
    """The sender's own bound of the answer, in tokens; None where there is none.

    >>> most_response_tokens(Query(query_id="a", prompt="?", parameters={"max_tokens": 5}))
    5
    """
    for name in ("max_completion_tokens", "max_tokens"):
        asked = query.parameters.get(name)
        if isinstance(asked, int) and not isinstance(asked, bool) and asked > 0:
            # Python's integers have no end, its floats do.
            return min(asked, _UNBOUNDED_TOKENS)
    return None


def _forecast(
    undecided: Undecided, llm: Llm, easier: float, outstanding: Outstanding, now: float, context_margin: float
) -> Forecast:
    accepted = undecided.accepted
    known = undecided.predictions.get(llm.name)
    prediction = prior(llm, accepted.origin, accepted.accepted_at) if known is None else known
    quality = prediction.quality if prediction.head is not None else min(1.0, max(0.0, prediction.quality + easier))
    most = most_response_tokens(accepted.query)
    expected = prediction.response_tokens.mean
    response_tokens = expected if most is None else min(expected, most)
    prompt_tokens = round(accepted.prompt_tokens * outstanding.prompt_token_ratio(llm))
    speed = outstanding.speed(llm)
    service = service_s(speed.first_token_s, response_tokens, speed.tokens_per_s)
    loads = outstanding.loads(llm, batch=accepted.batch)
    offer = Offer(
        llm.name,
        quality=quality,
        uncertainty=prediction.uncertainty,
        cost_usd=cost_usd(prompt_tokens, response_tokens, llm.usd_per_mtok_input, llm.usd_per_mtok_output),
        wait_s=wait_s(service, loads),
        # Providers refuse what could outgrow the window, so an asked maximum counts in full.
        needed_tokens=prompt_tokens * (1 + context_margin) + (response_tokens if most is None else most),
        context_tokens=llm.context_tokens,
        available=outstanding.is_available(llm.name, now),
    )
    return Forecast(llm, prediction, known is None, offer, prompt_tokens, service, loads)
