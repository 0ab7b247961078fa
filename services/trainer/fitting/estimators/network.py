"""A network with one hidden layer that all LLMs share; each LLM reads its own line out of it."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.columns import columns_of
from services.trainer.fitting.estimators.lines import fit_ridge, measure
from services.trainer.fitting.estimators.port import Rows, Targets, View
from shared.head import Inputs
from shared.inference import Floats


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """How the network learns."""

    hidden: int = 32
    #: Weight of the squared weights.
    decay: float = 30.0
    most_epochs: int = 60


@dataclass(frozen=True, slots=True)
class Hidden:
    """relu(columns @ weights + offsets): `weights` (c, h), `offsets` (h,)."""

    weights: Floats
    offsets: Floats

    def see(self, inputs: Inputs) -> View:
        """The layer (n, h)."""
        return View((np.maximum(columns_of(inputs) @ self.weights + self.offsets, 0),))

    def read_out(self, rows: Rows) -> "Network":
        """Ridge on the hidden layer; the amount of it is the LLM's own."""
        ridge = fit_ridge(rows.view.arrays[0], rows.target)
        return Network(self, ridge.coef_.astype(np.float32), float(ridge.intercept_))


@dataclass(frozen=True, slots=True)
class Network:
    """slope . hidden + offset; `slope` (h,)."""

    hidden: Hidden
    slope: Floats
    offset: float

    def predict(self, view: View) -> Floats:
        found: Floats = view.arrays[0] @ self.slope + np.float32(self.offset)
        return found

    def write(self, builder: Builder, columns: str) -> str:
        product = builder.node("MatMul", [columns, builder.array(self.hidden.weights)])
        hidden = builder.node("Relu", [builder.node("Add", [product, builder.array(self.hidden.offsets)])])
        product = builder.node("MatMul", [hidden, builder.array(self.slope.reshape(-1, 1))])
        return builder.node("Add", [product, builder.number(self.offset)])


def learn(targets: Targets, config: NetworkConfig, seed: int) -> Hidden:
    """By Adam with early stopping, on scaled columns; the scaling is folded into the weights."""
    scales = measure(targets)
    scaled = (columns_of(targets.inputs) - scales.mean) / scales.spread
    network = MLPRegressor(
        hidden_layer_sizes=(config.hidden,),
        alpha=config.decay,
        early_stopping=len(scaled) >= 100,
        max_iter=config.most_epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # The epochs are a bound, not a hope.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(scaled, targets.filled())
    weights = network.coefs_[0] / scales.spread.reshape(-1, 1)
    return Hidden(weights.astype(np.float32), (network.intercepts_[0] - scales.mean @ weights).astype(np.float32))
