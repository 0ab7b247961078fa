"""Baseline: k-means clusters of queries, and how well each LLM does on each (Avengers-Pro, arXiv 2508.12631)."""

import numpy as np
from sklearn.cluster import KMeans

from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.playing import Estimates, Played, choices, realise
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.routers.means import means_of
from pointsman.evaluation.routers.nearest import neighbours
from shared.routing.score import Weights

_CLUSTERS = 25
_NEAREST = 3


def clusters(problem: Problem) -> Played:
    """a p - (1 - a) q, with p and q an LLM's mean quality and cost on a cluster, scaled there to [0, 1] over the LLMs.

    Summed over the 3 nearest clusters; a = lam / (lam + 1) for a willingness to pay lam.
    """
    vectors = problem.train_embedded.vectors
    means = KMeans(min(_CLUSTERS, len(vectors)), n_init=3, random_state=problem.seed).fit(vectors)
    centres = means.cluster_centers_.astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    members = [np.flatnonzero(means.labels_ == cluster) for cluster in range(len(centres))]
    quality = _scaled([means_of(problem.train.quality, rows, problem.mean_quality) for rows in members])
    cost = _scaled([means_of(problem.train.cost_usd, rows, problem.mean_cost_usd) for rows in members])
    nearest = neighbours(centres, problem.test_embedded.vectors, _NEAREST)
    estimates = Estimates(quality[nearest].sum(axis=1), cost[nearest].sum(axis=1))
    return realise(problem.test, choices(estimates, Weights(alpha=0.0, beta=0.0, cost_scale_per_usd=1.0)))


def _scaled(of_clusters: list[Doubles]) -> Doubles:
    """(c, l): each cluster's values from 0 for the least LLM to 1 for the most."""
    values = np.stack(of_clusters)
    least, most = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    scaled: Doubles = (values - least) / np.where(most > least, most - least, 1.0)
    return scaled
