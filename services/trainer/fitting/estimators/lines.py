"""Ridge regression on the columns, and the constant that everything has to beat."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import RidgeCV

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.columns import columns_of
from services.trainer.fitting.estimators.port import Rows, Targets, View
from shared.head import Inputs
from shared.inference import Floats

#: Tried on each LLM's own rows, each row predicted from the others.
ALPHAS = (1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Line:
    """slope . columns + offset; `slope` (c,)."""

    slope: Floats
    offset: float

    def predict(self, view: View) -> Floats:
        found: Floats = view.arrays[0] @ self.slope + np.float32(self.offset)
        return found

    def write(self, builder: Builder, columns: str) -> str:
        product = builder.node("MatMul", [columns, builder.array(self.slope.reshape(-1, 1))])
        return builder.node("Add", [product, builder.number(self.offset)])


@dataclass(frozen=True, slots=True)
class Scales:
    """Mean and spread (c,) of the columns over all queries of the run."""

    mean: Floats
    spread: Floats

    def see(self, inputs: Inputs) -> View:
        return View((columns_of(inputs),))

    def read_out(self, rows: Rows) -> Line:
        """Ridge on the scaled columns; the amount of it is chosen by leave-one-out error."""
        scaled = (rows.view.arrays[0] - self.mean) / self.spread
        ridge = RidgeCV(ALPHAS).fit(scaled.astype(np.float64), rows.target.astype(np.float64))
        slope = (ridge.coef_ / self.spread).astype(np.float32)
        return Line(slope, float(ridge.intercept_ - self.mean @ slope))


@dataclass(frozen=True, slots=True)
class Level:
    """Nothing of the query counts."""

    def see(self, inputs: Inputs) -> View:
        return View((columns_of(inputs),))

    def read_out(self, rows: Rows) -> Line:
        """The mean."""
        return Line(np.zeros(rows.view.arrays[0].shape[1], np.float32), float(rows.target.mean()))


def measure(targets: Targets) -> Scales:
    """Columns that never change keep their unit."""
    columns = columns_of(targets.inputs).astype(np.float64)
    spread = columns.std(axis=0)
    return Scales(columns.mean(axis=0).astype(np.float32), np.where(spread > 1e-6, spread, 1.0).astype(np.float32))
