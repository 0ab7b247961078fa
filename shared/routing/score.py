"""The meta decision of MixLLM: quality and cost traded, uncertainty rewarded, long waits punished."""

from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, TypeVar

from shared.routing.offer import Offer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: One candidate's number, or those of many at once.
Amount = TypeVar("Amount", float, "NDArray[np.float64]")

#: Above this exponent the penalty goes on linearly, so that 80 s and 800 s never tie nor overflow.
LINEAR_ABOVE = 20.0
_PENALTY_THERE = exp(LINEAR_ABOVE)


@dataclass(frozen=True, slots=True)
class Weights:
    """What a score trades for what: a policy's constants, and the query's own willingness to pay and patience."""

    #: lambda: what quality 1 is worth, in units of the scaled cost.
    willingness_to_pay: float = 1.4
    #: tau: the longest wait accepted, seconds.
    tau_s: float = 30.0
    #: Weight of the uncertainty bonus.
    alpha: float = 0.01
    #: Weight of the wait penalty, in [0, 1).
    beta: float = 0.1
    #: Share of tau at which the penalty is 1, in [0, 1).
    xi: float = 0.8
    #: 1 / mean cost in USD of the reference LLM on the training queries.
    cost_scale_per_usd: float = 100.0

    def __post_init__(self) -> None:
        sound = (
            self.willingness_to_pay >= 0
            and self.tau_s > 0
            and 0 <= self.beta < 1
            and 0 <= self.xi < 1
            and self.cost_scale_per_usd >= 0
        )
        if not sound:
            raise ValueError(
                "expected willingness_to_pay >= 0, tau_s > 0, beta and xi in [0, 1), cost_scale_per_usd >= 0,"
                f" got {self}"
            )

    @property
    def gamma_per_s(self) -> float:
        """gamma = ln(1 / beta) / ((1 - xi) tau), so that beta times the penalty is one at tau (method 1.7).

        0 when beta is 0: there is no penalty to shape.

        >>> round(Weights(tau_s=30, beta=0.1, xi=0.8).gamma_per_s, 2)
        0.38
        """
        return log(1 / self.beta) / ((1 - self.xi) * self.tau_s) if self.beta > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """A score and its parts."""

    trade: float
    penalty: float
    total: float


def cost_usd(
    prompt_tokens: Amount, response_tokens: Amount, usd_per_mtok_input: float, usd_per_mtok_output: float
) -> Amount:
    """c = n_in * usd_per_input_token + n_out * usd_per_output_token (MixLLM, method 1.4), USD.

    >>> cost_usd(1000, 500, usd_per_mtok_input=1.0, usd_per_mtok_output=4.0)
    0.003
    """
    return (prompt_tokens * usd_per_mtok_input + response_tokens * usd_per_mtok_output) / 1e6


def trade(quality: Amount, cost: Amount, weights: Weights) -> Amount:
    """(lam * p - cost_scale * c) / (lam + 1): quality against cost in USD (method 1.7).

    >>> trade(0.75, 0.0025, Weights(willingness_to_pay=1.0, cost_scale_per_usd=100))
    0.25
    """
    lam = weights.willingness_to_pay
    return (lam * quality - weights.cost_scale_per_usd * cost) / (lam + 1)


def penalty(wait_s: float, weights: Weights) -> float:
    """exp(x), x = gamma (w - xi tau); above x = 20 linear, e^20 (1 + x - 20) (MixLLM's exponential, method 1.7).

    >>> round(penalty(24, Weights(tau_s=30, xi=0.8)), 6)
    1.0
    >>> round(penalty(30, Weights(tau_s=30, beta=0.1)), 6)
    10.0
    """
    x = weights.gamma_per_s * (wait_s - weights.xi * weights.tau_s)
    return exp(x) if x <= LINEAR_ABOVE else _PENALTY_THERE * (1 + x - LINEAR_ABOVE)


def wait_at(penalty_reached: float, weights: Weights) -> float:
    """The wait in seconds with that penalty: the inverse of penalty(), for beta > 0.

    >>> round(wait_at(10, Weights(tau_s=30, beta=0.1)), 6)
    30.0
    """
    if penalty_reached <= _PENALTY_THERE:
        x = log(penalty_reached)
    else:
        x = LINEAR_ABOVE + penalty_reached / _PENALTY_THERE - 1
    return weights.xi * weights.tau_s + x / weights.gamma_per_s


def score(offer: Offer, weights: Weights) -> Score:
    """trade + alpha * u - beta * penalty: a weighted sum, the highest wins (MixLLM, method 1.7).

    >>> free = Offer("a", quality=0.5, uncertainty=1, cost_usd=0, wait_s=24, needed_tokens=1, context_tokens=2)
    >>> round(score(free, Weights(willingness_to_pay=1.0)).total, 6)
    0.16
    """
    traded = trade(offer.quality, offer.cost_usd, weights)
    punished = penalty(offer.wait_s, weights)
    return Score(traded, punished, traded + weights.alpha * offer.uncertainty - weights.beta * punished)
