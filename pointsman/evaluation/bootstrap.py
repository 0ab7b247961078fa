"""How sure the figures are: queries drawn again with replacement, the same draws for every router."""

from dataclasses import dataclass

import numpy as np

from pointsman.evaluation.answered import Doubles, Rows
from pointsman.evaluation.measures import Measures, measure
from pointsman.evaluation.playing import Played

SAMPLES = 1000
_TAILS = (0.025, 0.975)
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Reference:
    """What the LLM that ratios refer to made of the test queries; (n,) each."""

    quality: Doubles
    cost_usd: Doubles


@dataclass(frozen=True, slots=True)
class Scored:
    """A router's curve, (s,) each, its measures (of one curve), and those of the bootstrap samples."""

    settings: Doubles
    quality: Doubles
    cost_usd: Doubles
    measures: Measures
    samples: Measures


class Bootstrap:
    """Draws of the test queries, as how often each was drawn."""

    def __init__(self, reference: Reference, samples: int = SAMPLES, seed: int = 0) -> None:
        queries = len(reference.quality)
        random = np.random.default_rng(seed)
        drawn = [np.bincount(random.integers(0, queries, queries), minlength=queries) for _ in range(samples)]
        self._weights: Doubles = np.array(drawn, np.float64) / queries
        self._reference = reference

    def score(self, played: Played) -> Scored:
        """The curve with its measures; ratios are to the reference on the same draw."""
        quality, cost = played.quality.mean(axis=1), played.cost_usd.mean(axis=1)
        different = _changes(played)
        return Scored(
            played.settings,
            quality,
            cost,
            measure(
                quality[None] / max(self._reference.quality.mean(), _LEAST),
                cost[None] / max(self._reference.cost_usd.mean(), _LEAST),
            ),
            measure(
                self._ratios(played.quality[different], self._reference.quality),
                self._ratios(played.cost_usd[different], self._reference.cost_usd),
            ),
        )

    def _ratios(self, outcomes: Doubles, reference: Doubles) -> Doubles:
        """(b, s)"""
        base = np.maximum(self._weights @ reference, _LEAST)
        ratios: Doubles = (self._weights @ outcomes.T) / base[:, None]
        return ratios


def interval(samples: Doubles) -> tuple[float, float]:
    """The middle 95 % of the samples; one of them each, as some may be infinite.

    >>> interval(np.array([*range(100)] * 10, np.float64))
    (2.0, 97.0)
    """
    low, high = np.quantile(samples, _TAILS, method="inverted_cdf")
    return float(low), float(high)


def _changes(played: Played) -> Rows:
    """Settings at which anything differs from the one before: neighbours often choose alike."""
    moved = (np.diff(played.quality, axis=0) != 0) | (np.diff(played.cost_usd, axis=0) != 0)
    return np.flatnonzero(np.concatenate([[True], moved.any(axis=1)]))
