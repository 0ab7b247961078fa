"""What is assumed of an LLM before anything was learned: its registry prior."""

from math import log

from shared.messages import Llm, Prediction, TokenForecast


def prior(llm: Llm, origin: str, accepted_at: float) -> Prediction:
    """The registered quality and mean tokens, marked (no head), as uncertain as can be.

    >>> llm = Llm(name="a", base_url="http://a/v1", model="a", usd_per_mtok_input=1, usd_per_mtok_output=1,
    ...           context_tokens=8192, prior_response_tokens=100)
    >>> prior(llm, "0-0", 0.0).response_tokens
    TokenForecast(mean=100.0, p10=10.5, p90=230.3)
    """
    return Prediction(
        origin=origin,
        accepted_at=accepted_at,
        llm=llm.name,
        quality=llm.prior_quality,
        response_tokens=prior_tokens(llm.prior_response_tokens),
        uncertainty=1.0,
    )


def prior_tokens(mean: float) -> TokenForecast:
    """Their interval is an exponential distribution's: quantile q lies at -mean ln(1 - q)."""
    return TokenForecast(mean=mean, p10=round(-mean * log(0.9), 1), p90=round(-mean * log(0.1), 1))
