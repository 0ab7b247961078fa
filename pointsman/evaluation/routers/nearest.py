"""Baseline: means over the most similar training queries (RouterBench, arXiv 2403.12031, section 4: KNN router)."""

import numpy as np

from pointsman.evaluation.answered import Doubles, Rows, known_mean
from pointsman.evaluation.playing import Estimates, Played, plug_in
from pointsman.evaluation.problem import Problem
from shared.inference import Floats

NEIGHBOURS = 40
#: Test queries at a time: their similarities to all training queries are held at once.
_AT_ONCE = 256


def knn(problem: Problem) -> Played:
    """Quality and cost as the mean over the 40 nearest training queries, by cosine."""
    nearest = neighbours(problem.train_embedded.vectors, problem.test_embedded.vectors)
    return plug_in(
        problem,
        Estimates(
            means_near(problem.train.quality, nearest, problem.mean_quality),
            means_near(problem.train.cost_usd, nearest, problem.mean_cost_usd),
        ),
    )


def neighbours(known: Floats, asked: Floats, most: int = NEIGHBOURS) -> Rows:
    """(n, k): rows of `known` (m, d) that are most similar to each of `asked` (n, d), in no order; unit vectors."""
    count = min(most, len(known))
    found = [
        np.argpartition(-(asked[start : start + _AT_ONCE] @ known.T), count - 1, axis=1)[:, :count]
        for start in range(0, len(asked), _AT_ONCE)
    ]
    return np.concatenate(found).astype(np.int64)


def other_neighbours(known: Floats) -> Rows:
    """(m, k): the same of every row of `known` among all others; fewer than k where there are no more."""
    count = min(NEIGHBOURS, len(known) - 1)
    found = []
    for start in range(0, len(known), _AT_ONCE):
        distances = -(known[start : start + _AT_ONCE] @ known.T)
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf
        found.append(np.argpartition(distances, count - 1, axis=1)[:, :count])
    return np.concatenate(found).astype(np.int64)


def means_near(values: Doubles, nearest: Rows, otherwise: Doubles) -> Doubles:
    """(n, l): means over the neighbours (n, k); `otherwise` (l,) where an LLM answered none of them."""
    means = np.stack([known_mean(values[rows], axis=0) for rows in nearest])
    filled: Doubles = np.where(np.isfinite(means), means, otherwise)
    return filled
