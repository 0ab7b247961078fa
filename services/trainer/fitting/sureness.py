"""When a difference counts as sure: the one-sided 95 % interval of its mean lies above zero."""

import numpy as np

from shared.inference import Floats

#: Of a normal distribution.
ONE_SIDED_95 = 1.645


def least_mean(gains: Floats) -> float:
    """Lower end of the one-sided 95 % interval of the mean of (n,).

    >>> round(least_mean(np.array([1.0, 3.0])), 3)
    0.355
    """
    return float(gains.mean() - ONE_SIDED_95 * gains.std(ddof=1) / np.sqrt(len(gains)))
