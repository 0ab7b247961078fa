"""When a difference counts as sure: the one-sided 95 % interval of its mean lies above zero."""

from collections.abc import Mapping

import numpy as np

from shared.inference import Floats

#: Of a normal distribution.
ONE_SIDED_95 = 1.645
#: Trees are summed in the order in which threads end: equal predictions differ in their last bits.
_ROUNDING = 1e-9


def least_mean(gains: Floats) -> float:
    """Lower end of the one-sided 95 % interval of the mean of (n,).

    >>> round(least_mean(np.array([1.0, 3.0])), 3)
    0.355
    >>> least_mean(np.array([1e-15, 1e-15]))
    0.0
    """
    gains = np.where(np.abs(gains) > _ROUNDING, gains, 0)
    return float(gains.mean() - ONE_SIDED_95 * gains.std(ddof=1) / np.sqrt(len(gains)))


def unless_surely_better(first: str, least_gains: Mapping[str, float]) -> str:
    """`first`, or the one of the others whose gain over it is the largest, where that is sure.

    >>> unless_surely_better("a", {"b": -0.1, "c": 0.2}), unless_surely_better("a", {"b": -0.1})
    ('c', 'a')
    """
    best = max(least_gains, key=least_gains.__getitem__, default=first)
    return best if least_gains.get(best, 0) > 0 else first
