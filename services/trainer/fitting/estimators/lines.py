"""Ridge regression on the columns, and the constant that everything has to beat."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.columns import columns_of
from services.trainer.fitting.estimators.port import Rows, Targets, View
from shared.head import Inputs
from shared.inference import Floats

_ALPHAS = (1.0, 10.0, 100.0, 1000.0)
_SEEKING_ROWS = 1500


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
        """Ridge on the scaled columns; the amount of it is the LLM's own."""
        scaled = (rows.view.arrays[0] - self.mean) / self.spread
        ridge = fit_ridge(scaled, rows.target)
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


def fit_ridge(columns: Floats, target: Floats) -> Ridge:
    """With the alpha of least leave-one-out error; that is sought on some of the rows, as it takes the longest."""
    wide, values = columns.astype(np.float64), target.astype(np.float64)
    some = np.unique(np.linspace(0, len(wide) - 1, _SEEKING_ROWS).astype(np.int64))
    alpha = RidgeCV(_ALPHAS).fit(wide[some], values[some]).alpha_
    return Ridge(alpha).fit(wide, values)


def measure(targets: Targets) -> Scales:
    """Columns that never change keep their unit."""
    columns = columns_of(targets.inputs).astype(np.float64)
    spread = columns.std(axis=0)
    return Scales(columns.mean(axis=0).astype(np.float32), np.where(spread > 1e-6, spread, 1.0).astype(np.float32))
