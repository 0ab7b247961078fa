"""One LLM's rows, as heads are fitted on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.trainer.fitting.estimators.port import Rows, View
from shared.head import Inputs
from shared.inference import Floats, Integers

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Examples:
    """One LLM's rows: vectors (n, d); the others (n,), response tokens NaN where unknown; `held_out` rows judge."""

    vectors: Floats
    prompt_tokens: Floats
    quality: Floats
    response_tokens: Floats
    held_out: Mask
    #: See shared.head.Inputs; no row is its own neighbour.
    features: Floats | None = None
    neighbours: Integers | None = None
    similarities: Floats | None = None
    #: (n,) the rows' own numbers, as neighbours name them; -1 for what came after training, nobody's neighbour.
    numbers: Integers | None = None
    #: (n,) which of the held-out rows calibrate instead of judging; None where all judge.
    calibrating: Mask | None = None

    @property
    def inputs(self) -> Inputs:
        return Inputs(self.vectors, self.prompt_tokens, self.features, self.neighbours, self.similarities)

    def qualities(self, view: View) -> Rows:
        """What quality is fitted to."""
        return Rows(view, self.quality, self._numbers())

    def log_lengths(self, view: View) -> Rows:
        """What length is fitted to: log(1 + response tokens), NaN where unknown."""
        return Rows(view, np.log1p(self.response_tokens), self._numbers())

    def _numbers(self) -> Integers:
        return np.full(len(self.quality), -1, np.int64) if self.numbers is None else self.numbers
