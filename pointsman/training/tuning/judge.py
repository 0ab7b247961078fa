"""How well heads predict quality from vectors: what stops tuning, and what decides whether its encoder is adopted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV

from pointsman.training.recorded import Answers
from services.trainer.fitting.sureness import least_mean
from shared.inference import Floats

Mask = NDArray[np.bool_]
_ALPHAS = (0.1, 0.3, 1.0, 3.0, 10.0)


class Model(Protocol):
    """A regressor of all LLMs' qualities at once."""

    def fit(self, vectors: Floats, quality: Floats) -> object: ...

    def predict(self, vectors: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Judge:
    """One model for all LLMs: a proxy of the heads that are served, of which each LLM has its own."""

    #: (n, llms), NaN where an LLM was not asked.
    quality: Floats
    #: (n,) rows that are fitted and rows that judge.
    fitted: Mask
    judging: Mask
    make: Callable[[], Model]

    def errors(self, vectors: Floats) -> Floats:
        """(judging rows that have an answer,) squared error, mean over the LLMs that answered; `vectors` (n, d)."""
        known = self.quality[self.fitted]
        means = _mean(known, axis=0)
        centred = np.where(np.isnan(known), 0, known - means)
        model = self.make()
        model.fit(vectors[self.fitted], centred[:, 0] if len(means) == 1 else centred)
        answered = self.judging & ~np.isnan(self.quality).all(axis=1)
        predicted = model.predict(vectors[answered]).reshape(-1, len(means)) + means
        return _mean(np.square(self.quality[answered] - predicted), axis=1)

    def loss(self, vectors: Floats) -> float:
        """Mean squared error on the judging rows."""
        return float(self.errors(vectors).mean())


def _mean(values: Floats, axis: int) -> Floats:
    """Of what is known; 0 where nothing is."""
    mean: Floats = np.nansum(values, axis=axis) / np.maximum((~np.isnan(values)).sum(axis=axis), 1)
    return mean


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two encoders' held-out squared errors of quality, paired by query."""

    plain: float
    tuned: float
    #: Lower end of the one-sided 95 % interval of plain - tuned.
    least_gain: float
    rows: int

    @property
    def wins(self) -> bool:
        return self.least_gain > 0


def compare(plain: Floats, tuned: Floats) -> Verdict:
    """Judge by errors (n,) of the same queries.

    >>> compare(np.array([0.3, 0.2, 0.4]), np.array([0.2, 0.1, 0.3])).wins
    True
    >>> compare(np.array([0.3, 0.2]), np.array([0.2, 0.3])).wins
    False
    >>> compare(np.array([0.3, 0.2]), np.array([0.3, 0.2]) - 1e-15).wins
    False
    """
    return Verdict(float(plain.mean()), float(tuned.mean()), least_mean(plain - tuned), len(plain))


def qualities(answers: Mapping[str, Answers], queries: int) -> Floats:
    """(queries, llms), NaN where an LLM has no answer."""
    found = np.full((queries, len(answers)), np.nan, np.float32)
    for column, rows in enumerate(answers.values()):
        found[rows.query, column] = rows.quality
    return found


def ridge() -> Model:
    """Quick; its strength is chosen by the leave-one-out error of the fitted rows."""
    model: Model = RidgeCV(_ALPHAS)
    return model


def forest(seed: int) -> Model:
    """Nearer to what is served."""
    model: Model = ExtraTreesRegressor(100, min_samples_leaf=3, max_features=0.1, random_state=seed, n_jobs=-1)
    return model
