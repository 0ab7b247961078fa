"""Boosted trees: each LLM grows its own, as every tree is fitted to what the LLM's trees before it left."""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.columns import columns_of
from services.trainer.fitting.estimators.port import Rows, View
from services.trainer.fitting.estimators.trees import Trees, joined, write_trees
from shared.head import Inputs
from shared.inference import Floats


@dataclass(frozen=True, slots=True)
class Boosting:
    """How they grow; no rows of other LLMs count."""

    count: int = 60
    depth: int = 3
    step: float = 0.08
    #: Share of the columns that each split looks at, and of the rows that each tree sees.
    columns: float = 0.05
    rows: float = 0.5
    leaf_rows: int = 10
    seed: int = 0

    def see(self, inputs: Inputs) -> View:
        return View((columns_of(inputs),))

    def read_out(self, rows: Rows) -> "Boosted":
        """Squared error, as quality is a probability or a share."""
        boosted = GradientBoostingRegressor(
            n_estimators=self.count,
            max_depth=self.depth,
            learning_rate=self.step,
            max_features=self.columns,
            subsample=self.rows,
            min_samples_leaf=self.leaf_rows,
            random_state=self.seed,
        ).fit(rows.view.arrays[0], rows.target)
        grown = [tree.tree_ for tree in boosted.estimators_.ravel()]
        values = self.step * np.concatenate([tree.value.ravel() for tree in grown])
        return Boosted(joined(grown, prior_rows=0), values.astype(np.float32), float(rows.target.mean()))


@dataclass(frozen=True, slots=True)
class Boosted:
    """offset + the sum of the leaves' values; `values` (m,)."""

    trees: Trees
    values: Floats
    offset: float

    def predict(self, view: View) -> Floats:
        leaves = self.trees.leaves(view.arrays[0])
        found: Floats = self.values[leaves].sum(axis=1, dtype=np.float32) + np.float32(self.offset)
        return found

    def write(self, builder: Builder, columns: str) -> str:
        return builder.node(
            "Add", [write_trees(builder, columns, self.trees, self.values), builder.number(self.offset)]
        )
