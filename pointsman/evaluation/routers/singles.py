"""Baselines that do not look at the query: LLMs drawn at random, and one LLM for all."""

import numpy as np

from pointsman.evaluation.answered import Doubles, Rows
from pointsman.evaluation.playing import Played
from pointsman.evaluation.problem import Problem


def random(problem: Problem) -> Played:
    """What a uniform draw from the k cheapest LLMs comes to on average, for each k; the setting is k."""
    cheapest = np.argsort(problem.mean_cost_usd, kind="stable")
    sizes = np.arange(1, len(cheapest) + 1)
    return Played(
        sizes.astype(np.float64),
        _means(problem.test.quality, cheapest, sizes),
        _means(problem.test.cost_usd, cheapest, sizes),
    )


def best_single(problem: Problem) -> Played:
    """The LLM of the best training quality within each training cost, for all queries.

    One point for each LLM that no cheaper one matched in training; the setting is its cost there, in USD.
    """
    undominated = pareto(problem.mean_quality, problem.mean_cost_usd)
    return Played(
        problem.mean_cost_usd[undominated],
        problem.test.quality[:, undominated].T,
        problem.test.cost_usd[:, undominated].T,
    )


def pareto(quality: Doubles, cost: Doubles) -> Rows:
    """Indices of those that are better than all cheaper ones, the cheapest first.

    >>> pareto(np.array([0.5, 0.4, 0.9]), np.array([1.0, 2.0, 3.0])).tolist()
    [0, 2]
    """
    kept: list[int] = []
    for index in np.lexsort((-quality, cost)):
        if not kept or quality[index] > quality[kept[-1]]:
            kept.append(int(index))
    return np.array(kept, np.int64)


def _means(values: Doubles, order: Rows, sizes: Rows) -> Doubles:
    """(k, n): the mean over the first k columns in that order, for each k."""
    means: Doubles = (np.cumsum(values[:, order], axis=1) / sizes).T
    return means
