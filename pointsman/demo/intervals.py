"""How sure a mean is: paired bootstrap over queries."""

import numpy as np
from numpy.typing import NDArray

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
    low, high = _ends(differences[_drawn(len(differences), seed)].mean(axis=1))
    return low, float(differences.mean()), high


def ratio(ours: Doubles, theirs: Doubles, seed: int = 0) -> Interval | None:
    """The same of mean(ours) / mean(theirs), over the same samples; None where theirs come to nothing in one of them.

    Not the difference's interval divided by a mean: that one may end below 0.

    >>> ratio(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    (0.5, 0.5, 0.5)
    """
    drawn = _drawn(len(ours), seed)
    above, below = ours[drawn].mean(axis=1), theirs[drawn].mean(axis=1)
    if not below.all():
        return None
    low, high = _ends(above / below)
    return low, float(ours.mean() / theirs.mean()), high


def _drawn(queries: int, seed: int) -> NDArray[np.int64]:
    """(samples, n) indices."""
    return np.random.default_rng(seed).integers(0, queries, (SAMPLES, queries))


def _ends(means: Doubles) -> tuple[float, float]:
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
