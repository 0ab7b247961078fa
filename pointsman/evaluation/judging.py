"""Scores routers on all test queries with intervals, and on each domain's without."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from pointsman.evaluation.answered import Rows
from pointsman.evaluation.bootstrap import SAMPLES, Bootstrap, Reference, Scored
from pointsman.evaluation.material import Material
from pointsman.evaluation.measures import measure
from pointsman.evaluation.playing import Played

#: Domains with fewer test queries are counted together.
_FEWEST = 20
OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A router's figures: overall, and the area of its curve on each domain's queries."""

    scored: Scored
    area_by_domain: dict[str, float]


class Judge:
    """Holds the draws of queries, which all routers share."""

    def __init__(self, material: Material, samples: int = SAMPLES, seed: int = 0) -> None:
        test, column = material.test, material.reference_column
        self.reference = Reference(test.quality[:, column], test.cost_usd[:, column])
        self.domains = _domains([query.dataset for query in test.queries])
        self._bootstrap = Bootstrap(self.reference, samples, seed)

    def judge(self, played: Played) -> Verdict:
        return Verdict(
            self._bootstrap.score(played), {name: self._area(played, rows) for name, rows in self.domains.items()}
        )

    def _area(self, played: Played, rows: Rows) -> float:
        quality, cost = self.reference.quality[rows].mean(), self.reference.cost_usd[rows].mean()
        if not (quality > 0 and cost > 0):
            return float("nan")
        made = measure(
            played.quality[:, rows].mean(axis=1)[None] / quality, played.cost_usd[:, rows].mean(axis=1)[None] / cost
        )
        return float(made.area[0])


def _domains(labels: list[str]) -> dict[str, Rows]:
    counts = Counter(labels)
    of = np.array([label if counts[label] >= _FEWEST else OTHERS for label in labels])
    return {str(name): np.flatnonzero(of == name) for name in sorted(set(of.tolist()))}
