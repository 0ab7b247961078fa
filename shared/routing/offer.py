"""What one LLM offers for one query: the forecasts that score and limits are computed from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """One LLM's forecast for one query."""

    llm: str
    #: Predicted, in [0, 1].
    quality: float
    #: u of method 1.5; near 1 where nothing was observed.
    uncertainty: float
    cost_usd: float
    #: Expected seconds from now to the end of the answer.
    wait_s: float
    #: Tokens the context window must hold: prompt with its margin, and the response.
    needed_tokens: float
    context_tokens: int
    #: A live executor serves it and its circuit is closed.
    available: bool = True
