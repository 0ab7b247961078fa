"""A weighted mean of other estimators."""

from dataclasses import dataclass

import numpy as np

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.port import Estimator, Ground, Rows
from shared.head import Inputs
from shared.inference import Floats


@dataclass(frozen=True, slots=True)
class Pile:
    """Grounds and their weights, which are the same for all LLMs: their own would be fitted to noise."""

    grounds: tuple[Ground, ...]
    weights: tuple[float, ...]

    def read_out(self, rows: Rows) -> "Stack":
        return Stack(tuple(ground.read_out(rows) for ground in self.grounds), self.weights)


@dataclass(frozen=True, slots=True)
class Stack:
    """Estimators of one LLM."""

    estimators: tuple[Estimator, ...]
    weights: tuple[float, ...]

    def predict(self, inputs: Inputs) -> Floats:
        found = np.stack([estimator.predict(inputs) for estimator in self.estimators], axis=1)
        mean: Floats = found @ np.array(self.weights, np.float32)
        return mean

    def write(self, builder: Builder, columns: str) -> str:
        parts = [
            builder.node("Mul", [estimator.write(builder, columns), builder.number(weight)])
            for estimator, weight in zip(self.estimators, self.weights, strict=True)
        ]
        return builder.node("Sum", parts)
