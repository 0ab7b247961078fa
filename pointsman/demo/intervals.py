"""How sure a mean is: paired bootstrap over queries."""

import numpy as np

from pointsman.demo.material import Doubles
from pointsman.demo.story import Interval

SAMPLES = 1000


def paired(ours: Doubles, theirs: Doubles, seed: int = 0) -> Interval:
    """Low end, mean and high end of a 95 % interval of mean(ours - theirs), both (n,) over the same queries.

    SAMPLES bootstrap samples of the queries, percentiles.

    >>> paired(np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.5]))
    (0.5, 0.5, 0.5)
    """
    differences = ours - theirs
    drawn = np.random.default_rng(seed).integers(0, len(differences), (SAMPLES, len(differences)))
    low, high = np.quantile(differences[drawn].mean(axis=1), (0.025, 0.975))
    return float(low), float(differences.mean()), float(high)
