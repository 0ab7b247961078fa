"""What every router is given: queries with their vectors, and the LLMs' recorded answers."""

from dataclasses import dataclass

import numpy as np

from pointsman.evaluation.answered import Answered, Doubles, known_mean
from pointsman.evaluation.material import Material
from pointsman.training.vectors import Embedded


@dataclass(frozen=True, slots=True)
class Problem:
    """Fit on `train`, choose for `test`; its answers are for scoring alone, but for the oracle."""

    material: Material
    train_embedded: Embedded
    test_embedded: Embedded
    seed: int

    @property
    def train(self) -> Answered:
        return self.material.train

    @property
    def test(self) -> Answered:
        return self.material.test

    @property
    def cost_scale_per_usd(self) -> float:
        """1 / the reference LLM's mean cost on the training queries (method 1.7)."""
        costs = self.train.cost_usd[:, self.material.reference_column]
        return float(1 / known_mean(costs))

    @property
    def mean_quality(self) -> Doubles:
        """(l,) on the training queries."""
        return known_mean(self.train.quality, axis=0)

    @property
    def mean_cost_usd(self) -> Doubles:
        """(l,) on the training queries."""
        return known_mean(self.train.cost_usd, axis=0)

    def for_every_query(self, of_llms: Doubles) -> Doubles:
        """(n, l) of (l,)."""
        return np.broadcast_to(of_llms, self.test.quality.shape).copy()
