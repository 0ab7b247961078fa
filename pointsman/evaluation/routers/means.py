"""Baselines that know an LLM by its mean alone, over all training queries or those with the same label."""

import numpy as np

from pointsman.evaluation.answered import Doubles, Rows, known_mean
from pointsman.evaluation.playing import Estimates, Played, plug_in
from pointsman.evaluation.problem import Problem


def global_mean(problem: Problem) -> Played:
    """Each LLM's mean quality and mean cost on the training queries, whatever is asked."""
    return plug_in(
        problem,
        Estimates(problem.for_every_query(problem.mean_quality), problem.for_every_query(problem.mean_cost_usd)),
    )


def dataset_mean(problem: Problem) -> Played:
    """Each LLM's means on the query's own data set, whose name a live fleet is not told; else those over all."""
    quality, cost_usd = (problem.for_every_query(means) for means in (problem.mean_quality, problem.mean_cost_usd))
    labels = np.array([query.dataset for query in problem.train.queries])
    asked = np.array([query.dataset for query in problem.test.queries])
    for label in np.unique(asked):
        rows = np.flatnonzero(labels == label)
        quality[asked == label] = means_of(problem.train.quality, rows, problem.mean_quality)
        cost_usd[asked == label] = means_of(problem.train.cost_usd, rows, problem.mean_cost_usd)
    return plug_in(problem, Estimates(quality, cost_usd))


def means_of(values: Doubles, rows: Rows, otherwise: Doubles) -> Doubles:
    """(l,) means over some rows; `otherwise` (l,) where an LLM is unknown on all of them."""
    means = known_mean(values[rows], axis=0)
    filled: Doubles = np.where(np.isfinite(means), means, otherwise)
    return filled
