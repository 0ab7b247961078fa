"""Baseline: ask from cheap to dear until an answer is thought good enough (FrugalGPT, arXiv 2305.05176; AutoMix)."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from pointsman.evaluation.answered import Answered, Doubles, Rows
from pointsman.evaluation.measures import measure
from pointsman.evaluation.playing import Played
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.routers.nearest import means_near, neighbours, other_neighbours
from pointsman.evaluation.routers.singles import pareto

#: FrugalGPT's chains have at most three LLMs.
_LONGEST = 3
_THRESHOLDS: Doubles = np.linspace(0, 1, 401)
_TRIED: Doubles = np.linspace(0, 1, 41)


def cascade(problem: Problem) -> Played:
    """Asks one LLM of a chain after another, and pays each, until a predicted quality passes the setting.

    The chain is the one with the largest area on the training queries. The published ones judge the answer itself;
    here, as no answer is read, the mean quality over the 40 nearest training queries stands in.
    """
    train, vectors = problem.train, problem.train_embedded.vectors
    predicted = means_near(train.quality, other_neighbours(vectors), problem.mean_quality)
    complete = np.flatnonzero((np.isfinite(train.quality) & np.isfinite(train.cost_usd)).all(axis=1))
    tried, foreseen = train.take(complete), predicted[complete]

    def area(chain: Rows) -> float:
        played = _play(tried, foreseen, chain, _TRIED)
        column = problem.material.reference_column
        quality = played.quality.mean(axis=1) / max(tried.quality[:, column].mean(), 1e-12)
        cost = played.cost_usd.mean(axis=1) / max(tried.cost_usd[:, column].mean(), 1e-12)
        return float(measure(quality[None], cost[None]).area[0])

    chains = list(_chains(problem))
    chain = max(chains, key=area) if len(complete) else chains[0]
    nearest = neighbours(vectors, problem.test_embedded.vectors)
    return _play(problem.test, means_near(train.quality, nearest, problem.mean_quality), chain, _THRESHOLDS)


def _chains(problem: Problem) -> Iterator[Rows]:
    """Cheap to dear, of LLMs that no cheaper one matched in training."""
    able = pareto(problem.mean_quality, problem.mean_cost_usd)
    for length in range(1, min(_LONGEST, len(able)) + 1):
        for chain in combinations(able.tolist(), length):
            yield np.array(chain, np.int64)


def _play(answered: Answered, predicted: Doubles, chain: Rows, thresholds: Doubles) -> Played:
    """`predicted` (n, l); the last LLM's answer counts when none passes."""
    quality = answered.quality[:, chain]
    paid = np.cumsum(answered.cost_usd[:, chain], axis=1)
    queries = np.arange(len(quality))
    stops = [_stop(predicted[:, chain], threshold) for threshold in thresholds]
    return Played(
        thresholds,
        np.stack([quality[queries, stop] for stop in stops]),
        np.stack([paid[queries, stop] for stop in stops]),
    )


def _stop(good: Doubles, threshold: float) -> Rows:
    """(n,): the first that passes, else the last."""
    passes = good >= threshold
    passes[:, -1] = True
    return np.asarray(passes.argmax(axis=1))
