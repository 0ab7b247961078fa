"""A weighted mean of other estimators."""

from dataclasses import dataclass

import numpy as np

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.port import Estimator, Ground, Rows, View
from shared.head import Inputs
from shared.inference import Floats


@dataclass(frozen=True, slots=True)
class Pile:
    """Grounds and their weights, which are the same for all LLMs: their own would be fitted to noise."""

    grounds: tuple[Ground, ...]
    weights: tuple[float, ...]

    def see(self, inputs: Inputs) -> View:
        return View(parts=tuple(ground.see(inputs) for ground in self.grounds))

    def read_out(self, rows: Rows) -> "Stack":
        parts = [Rows(view, rows.target, rows.numbers) for view in rows.view.parts]
        estimators = [ground.read_out(part) for ground, part in zip(self.grounds, parts, strict=True)]
        return Stack(tuple(estimators), self.weights)


@dataclass(frozen=True, slots=True)
class Stack:
    """Estimators of one LLM."""

    estimators: tuple[Estimator, ...]
    weights: tuple[float, ...]

    def predict(self, view: View) -> Floats:
        each = [estimator.predict(part) for estimator, part in zip(self.estimators, view.parts, strict=True)]
        mean: Floats = np.stack(each, axis=1) @ np.array(self.weights, np.float32)
        return mean

    def write(self, builder: Builder, columns: str) -> str:
        parts = [
            builder.node("Mul", [estimator.write(builder, columns), builder.number(weight)])
            for estimator, weight in zip(self.estimators, self.weights, strict=True)
        ]
        return builder.node("Sum", parts)
