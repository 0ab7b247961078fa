"""What grounds and estimators have in common."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.trainer.fitting.builder import Builder
from shared.head import Inputs
from shared.inference import Array, Floats, Integers


@dataclass(frozen=True, slots=True)
class View:
    """What a ground sees of n queries: arrays (n, ...), and what its parts see where it has any."""

    arrays: tuple[Array, ...] = ()
    parts: tuple["View", ...] = ()

    def __getitem__(self, rows: Array) -> "View":
        return View(tuple(array[rows] for array in self.arrays), tuple(part[rows] for part in self.parts))


@dataclass(frozen=True, slots=True)
class Rows:
    """One LLM's rows: what is seen of n queries, and the number (n,) that is to be predicted of each."""

    view: View
    target: Floats
    #: (n,) the queries' own numbers among all queries of the run, as neighbours name them; -1 for others.
    numbers: Integers

    def __getitem__(self, rows: Array) -> "Rows":
        return Rows(self.view[rows], self.target[rows], self.numbers[rows])


class Estimator(Protocol):
    """Predicts a number of one LLM's answer."""

    def predict(self, view: View) -> Floats:
        """(n,) float32, from what its ground sees."""
        ...

    def write(self, builder: Builder, columns: str) -> str:
        """Add what predicts the same to the graph, from columns (n, c) by that name; the name of a value (n, 1)."""
        ...


class Ground(Protocol):
    """What all LLMs' estimators of one kind share."""

    def see(self, inputs: Inputs) -> View:
        """The same for all LLMs, so that it is computed once for all."""
        ...

    def read_out(self, rows: Rows) -> Estimator:
        """One LLM's estimator, from its own rows alone."""
        ...


@dataclass(frozen=True, slots=True)
class Targets:
    """What a ground is learned from: n queries, and a number of each LLM's answer (n, m), NaN where unknown."""

    inputs: Inputs
    values: Floats

    def filled(self) -> Floats:
        """(n, m), or (n,) of one LLM, as scikit-learn wants it: unknown values are the LLM's mean and draw no split.

        LLMs without any value are left out.
        """
        known = self.values[:, np.isfinite(self.values).any(axis=0)]
        filled: Floats = np.where(np.isfinite(known), known, np.nanmean(known, axis=0)).astype(np.float32)
        return filled if filled.shape[1] > 1 else filled.ravel()
