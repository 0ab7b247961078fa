"""What a router comes to on the test queries, at each of its settings: realised, never predicted."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pointsman.evaluation.answered import Answered, Doubles
from pointsman.evaluation.problem import Problem
from shared.routing.score import Weights, trade

#: Willingness to pay: 0 and 400 others, log-spaced from where only cost counts to where only quality does.
SETTINGS: Doubles = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 400)])
Choices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Played:
    """Quality and cost of every query's answer at each setting; `settings` (s,), the others (s, n)."""

    settings: Doubles
    quality: Doubles
    cost_usd: Doubles


#: Fits what it needs and plays the test queries.
Router = Callable[[Problem], Played]


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a router believes of each LLM on each test query: (n, l) each; uncertainty None where there is no bonus."""

    quality: Doubles
    cost_usd: Doubles
    uncertainty: Doubles | None = None


def choices(estimates: Estimates, weights: Weights, settings: Doubles = SETTINGS) -> Choices:
    """(s, n): the LLM with the highest score at each willingness to pay, the first of equals; waits left out.

    The same sum as shared.routing.score for a beta of 0, over all queries at once.
    """
    bonus = 0.0 if estimates.uncertainty is None else weights.alpha * estimates.uncertainty
    chosen = np.empty((len(settings), len(estimates.quality)), np.int64)
    for row, setting in enumerate(settings):
        at = replace(weights, willingness_to_pay=float(setting))
        chosen[row] = np.argmax(trade(estimates.quality, estimates.cost_usd, at) + bonus, axis=1)
    return chosen


def plug_in(problem: Problem, estimates: Estimates) -> Played:
    """argmax of willingness to pay times quality minus scaled cost: the plug-in rule of method 2.2."""
    weights = Weights(alpha=0.0, beta=0.0, cost_scale_per_usd=problem.cost_scale_per_usd)
    return realise(problem.test, choices(estimates, weights))


def realise(test: Answered, chosen: Choices, settings: Doubles = SETTINGS) -> Played:
    """What the chosen LLMs' recorded answers were worth."""
    queries = np.arange(len(test.queries))
    return Played(settings, test.quality[queries, chosen], test.cost_usd[queries, chosen])
