"""Which candidate is taken: the best, or now and then any, with the probability that makes the log usable later."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate taken, and the probability with which it was."""

    index: int
    propensity: float
    #: It was drawn, even where the draw fell on the best.
    explored: bool


def propensities(scores: Sequence[float], exploration: float) -> list[float]:
    """pi(l) = (1 - eps) [l is the best] + eps / K: argmax, mixed with a uniform draw (method 1.8).

    Of equal scores the first counts as the best.

    >>> propensities([0.1, 0.7], exploration=0.5)
    [0.25, 0.75]
    """
    best = argmax(scores)
    share = exploration / len(scores)
    return [1 - exploration + share if index == best else share for index in range(len(scores))]


def choose(scores: Sequence[float], exploration: float, draw: float) -> Choice:
    """Take the best, or with probability `exploration` any of them; `draw` is uniform in [0, 1).

    >>> choose([0.1, 0.7], exploration=0.5, draw=0.9)
    Choice(index=1, propensity=0.75, explored=False)
    >>> choose([0.1, 0.7], exploration=0.5, draw=0.2)
    Choice(index=0, propensity=0.25, explored=True)
    """
    explored = draw < exploration
    index = min(int(draw / exploration * len(scores)), len(scores) - 1) if explored else argmax(scores)
    return Choice(index, propensities(scores, exploration)[index], explored)


def argmax(scores: Sequence[float]) -> int:
    """Index of the highest, the first of equals.

    >>> argmax([1.0, 3.0, 3.0])
    1
    """
    return max(range(len(scores)), key=scores.__getitem__)
