"""The mean over a query's nearest training queries; they were searched once, by the encoder's atlas, for all LLMs."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.port import Rows, Targets, View
from shared.errors import ArtifactError
from shared.head import NEIGHBOURS, SIMILARITIES, Inputs
from shared.inference import Floats, Integers


@dataclass(frozen=True, slots=True)
class Kernel:
    """A neighbour weighs exp(sharpness * (its cosine - the nearest one's))."""

    #: Queries that neighbours are numbered among.
    queries: int
    neighbours: int
    sharpness: float = 10.0
    #: Weight of the LLM's mean, in nearest neighbours.
    prior: float = 1.0

    def see(self, inputs: Inputs) -> View:
        """Numbers (n, k) and weights (n, k); raises ArtifactError where neighbours are not known."""
        neighbours, similarities = neighbours_of(inputs)
        return View((neighbours, np.exp(self.sharpness * (similarities - similarities[:, :1]))))

    def read_out(self, rows: Rows) -> "Nearest":
        """A table of the LLM's own targets; queries it did not answer count nothing."""
        values, known = np.zeros(self.queries, np.float32), np.zeros(self.queries, np.float32)
        inside = rows.numbers >= 0
        values[rows.numbers[inside]], known[rows.numbers[inside]] = rows.target[inside], 1
        return Nearest(self, values, known, float(rows.target.mean()))


@dataclass(frozen=True, slots=True)
class Nearest:
    """One LLM's table: targets (q,) by the queries' numbers, and which are known: 1 or 0."""

    kernel: Kernel
    values: Floats
    known: Floats
    mean: float

    def predict(self, view: View) -> Floats:
        neighbours, weights = view.arrays
        weights = weights * self.known[neighbours]
        total = (weights * self.values[neighbours]).sum(axis=1) + self.kernel.prior * self.mean
        found: Floats = (total / (weights.sum(axis=1) + self.kernel.prior)).astype(np.float32)
        return found

    def write(self, builder: Builder, columns: str) -> str:
        """Gathers the neighbours' targets; the columns do not count."""
        width = self.kernel.neighbours
        neighbours = builder.input(NEIGHBOURS, width, TensorProto.INT64)
        similarities = builder.input(SIMILARITIES, width)
        across = builder.array(np.array([1], np.int64))
        nearest = builder.node("ReduceMax", [similarities, across], keepdims=1)
        behind = builder.node(
            "Mul", [builder.node("Sub", [similarities, nearest]), builder.number(self.kernel.sharpness)]
        )
        known = builder.node("Gather", [builder.array(self.known), neighbours])
        weights = builder.node("Mul", [builder.node("Exp", [behind]), known])
        values = builder.node("Mul", [weights, builder.node("Gather", [builder.array(self.values), neighbours])])
        total = builder.node("ReduceSum", [values, across], keepdims=1)
        weight = builder.node("ReduceSum", [weights, across], keepdims=1)
        over = builder.node("Add", [total, builder.number(self.kernel.prior * self.mean)])
        return builder.node("Div", [over, builder.node("Add", [weight, builder.number(self.kernel.prior)])])


def survey(targets: Targets, queries: int) -> Kernel:
    """Raises ArtifactError where neighbours are not known."""
    return Kernel(queries, neighbours_of(targets.inputs)[0].shape[1])


def neighbours_of(inputs: Inputs) -> tuple[Integers, Floats]:
    """(n, k) numbers and cosines; raises ArtifactError where they are not known."""
    if inputs.neighbours is None or inputs.similarities is None:
        raise ArtifactError("expected neighbours of every query, the encoder has no atlas; train both: pointsman train")
    return inputs.neighbours, inputs.similarities
