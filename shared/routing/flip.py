"""How near a decision was: the smallest change that would have changed the choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from shared.routing.exploration import argmax
from shared.routing.limits import Limits
from shared.routing.offer import Offer
from shared.routing.score import Score, Weights, score, wait_at


@dataclass(frozen=True, slots=True)
class FlipPoint:
    """Where the choice tips; None where no change of that kind tips it. Exactly there the two tie."""

    runner_up: str | None = None
    willingness_to_pay: float | None = None
    willingness_to_pay_llm: str | None = None
    #: Total cost of the chosen LLM's answer, USD.
    cost_usd: float | None = None
    #: Wait for the chosen LLM, seconds.
    wait_s: float | None = None


def flip_point(offers: Sequence[Offer], weights: Weights, limits: Limits) -> FlipPoint:
    """Where the argmax over `offers` (all within `limits`) would go to another one.

    >>> cheap = Offer("cheap", quality=0.6, uncertainty=0, cost_usd=0.0, wait_s=0, needed_tokens=1, context_tokens=2)
    >>> good = Offer("good", quality=0.8, uncertainty=0, cost_usd=0.003, wait_s=0, needed_tokens=1, context_tokens=2)
    >>> point = flip_point([cheap, good], Weights(willingness_to_pay=2.0, cost_scale_per_usd=100), Limits())
    >>> round(point.willingness_to_pay, 6), round(point.cost_usd, 6)
    (1.5, 0.004)
    """
    if len(offers) < 2:
        return FlipPoint()
    scores = [score(offer, weights) for offer in offers]
    best = argmax([part.total for part in scores])
    others = [index for index in range(len(offers)) if index != best]
    second = max(others, key=lambda index: scores[index].total)
    margin = scores[best].total - scores[second].total
    tipping = [
        (lam, offers[index].llm)
        for index in others
        if (lam := _crossing(offers[best], scores[best], offers[index], scores[index], weights)) is not None
    ]
    lam, heir = min(tipping, key=lambda tip: abs(tip[0] - weights.willingness_to_pay), default=(None, None))
    return FlipPoint(
        runner_up=offers[second].llm,
        willingness_to_pay=lam,
        willingness_to_pay_llm=heir,
        cost_usd=_least(_cost_at(offers[best], margin, weights), limits.max_cost_usd),
        wait_s=_least(_wait_at(scores[best].penalty, margin, weights), limits.max_wait_s),
    )


def _crossing(best: Offer, best_score: Score, other: Offer, other_score: Score, weights: Weights) -> float | None:
    """The willingness to pay, at least 0, at which the two tie; None where they never do.

    With k = alpha u - beta penalty and d the differences, score_best = score_other where
    (lam dp - s dc) / (lam + 1) + dk = 0; times (lam + 1) that is linear: lam = (s dc - dk) / (dp + dk).
    """
    dk = (best_score.total - best_score.trade) - (other_score.total - other_score.trade)
    slope = best.quality - other.quality + dk
    if slope == 0:
        return None
    lam = (weights.cost_scale_per_usd * (best.cost_usd - other.cost_usd) - dk) / slope
    return lam if 0 <= lam < float("inf") else None


def _cost_at(best: Offer, margin: float, weights: Weights) -> float | None:
    """trade falls by cost_scale / (lam + 1) per USD."""
    if weights.cost_scale_per_usd == 0:
        return None
    return best.cost_usd + margin * (weights.willingness_to_pay + 1) / weights.cost_scale_per_usd


def _wait_at(punished: float, margin: float, weights: Weights) -> float | None:
    """beta * penalty may rise by the margin."""
    if weights.beta == 0:
        return None
    return wait_at(punished + margin / weights.beta, weights)


def _least(tipping: float | None, limit: float | None) -> float | None:
    """Past a hard limit the choice changes too; what overflowed tips nothing."""
    return min((value for value in (tipping, limit) if value is not None and isfinite(value)), default=None)
