"""Fits one LLM's head: quality and response length from a query's embedding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

from services.trainer.fitting.familiarity import Projection, inverse_of_seen
from shared.head import Inputs
from shared.inference import Floats, Integers

Mask = NDArray[np.bool_]
_ONE_SIDED_95 = 1.645


class Estimator(Protocol):
    """What scikit-learn's regressors have in common."""

    def fit(self, features: Floats, target: Floats) -> Self: ...

    def predict(self, features: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """What is tried; quality and length choose independently."""

    ridge_alphas: tuple[float, ...] = (1.0, 10.0)
    #: Trees of the forest; 0 leaves it out.
    trees: int = 100
    #: Rows per leaf; larger leaves make smaller files and smoother predictions.
    leaf_rows: int = 10
    #: Share of the features that each split looks at.
    features: float = 0.1
    #: Share of the rows that each tree sees.
    samples: float = 0.5
    #: Cores used; -1 takes all.
    jobs: int = -1
    #: With fewer rows held out or fitted, no head can be judged.
    fewest_rows: int = 30


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

    @property
    def inputs(self) -> Inputs:
        return Inputs(self.vectors, self.prompt_tokens, self.features, self.neighbours, self.similarities)


@dataclass(frozen=True, slots=True)
class Judged:
    """How the chosen estimator did on the held-out rows; mean squared errors, `constant` is the fitted rows' mean."""

    kind: str
    rows: int
    error: float
    constant_error: float
    #: Lower end of the one-sided 95 % interval of the constant's error minus this one's: the best of some estimators
    #: beats the constant on noise as often as not.
    least_gain: float
    #: Of every estimator that was tried.
    tried: Mapping[str, float]

    def beats_the_constant(self) -> bool:
        return self.least_gain > 0


@dataclass(frozen=True, slots=True)
class FittedHead:
    """All that the graph is made of."""

    quality: Estimator
    #: Predicts log(1 + tokens) from the vector and log(1 + prompt tokens).
    log_tokens: Estimator
    #: Mean of exp(residual): turns the exponential of a mean logarithm into a mean (Duan's smearing).
    smear: float
    #: 10 % and 90 % quantiles of the residual of log(1 + tokens).
    low: float
    high: float
    #: Predicted logarithms are held below this, or a far query would be forecast to cost a fortune.
    most_log_tokens: float
    projection: Projection
    inverse_of_seen: Floats
    rows: int
    judged_quality: Judged
    judged_length: Judged
    #: (held out,) quality minus what was predicted of it when those rows were unknown.
    residuals: Floats

    def rejected(self) -> str | None:
        """Why it must not be served; None when it may."""
        judged = self.judged_quality
        if judged.beats_the_constant():
            return None
        return (
            f"held-out squared error of quality is {judged.error:.4f}, the constant's {judged.constant_error:.4f}: "
            f"not surely better on {judged.rows} rows (95 %)"
        )


def fit(examples: Examples, projection: Projection, config: HeadConfig, seed: int) -> FittedHead | None:
    """Choose each estimator on the held-out rows, then fit it to all; None with too few rows to judge.

    Length falls back on its constant: it is needed with every head.
    """
    known = np.isfinite(examples.response_tokens)
    if min(_fewest(examples.held_out), _fewest(examples.held_out[known])) < config.fewest_rows:
        return None
    quality_judged, quality_residuals = _judge(
        _candidates(config, seed), examples.vectors, examples.quality, examples.held_out
    )
    features = length_features(examples.vectors, examples.prompt_tokens)[known]
    log_tokens = np.log1p(examples.response_tokens[known])
    length_candidates = _candidates(config, seed) | {"constant": partial(Ridge, alpha=1e12)}
    length_judged, residuals = _judge(length_candidates, features, log_tokens, examples.held_out[known])
    return FittedHead(
        quality=_candidates(config, seed)[quality_judged.kind]().fit(examples.vectors, examples.quality),
        log_tokens=length_candidates[length_judged.kind]().fit(features, log_tokens),
        smear=float(np.exp(residuals).mean()),
        low=float(np.quantile(residuals, 0.1)),
        high=float(np.quantile(residuals, 0.9)),
        most_log_tokens=float(log_tokens.max()),
        projection=projection,
        inverse_of_seen=inverse_of_seen(projection(examples.vectors)),
        rows=len(examples.quality),
        judged_quality=quality_judged,
        judged_length=length_judged,
        residuals=quality_residuals,
    )


def length_features(vectors: Floats, prompt_tokens: Floats) -> Floats:
    """(n, d + 1): the vector and log(1 + prompt tokens)."""
    return np.concatenate([vectors, np.log1p(prompt_tokens).reshape(-1, 1)], axis=1)


def _candidates(config: HeadConfig, seed: int) -> dict[str, Callable[[], Estimator]]:
    def ridge(alpha: float) -> Callable[[], Estimator]:
        return partial(Ridge, alpha=alpha)

    forest = partial(
        RandomForestRegressor,
        n_estimators=config.trees,
        min_samples_leaf=config.leaf_rows,
        max_features=config.features,
        max_samples=config.samples,
        random_state=seed,
        n_jobs=config.jobs,
    )
    ridges = {f"ridge-{alpha:g}": ridge(alpha) for alpha in config.ridge_alphas}
    return ridges | ({"forest": forest} if config.trees else {})


def _judge(
    candidates: Mapping[str, Callable[[], Estimator]], features: Floats, target: Floats, held_out: Mask
) -> tuple[Judged, Floats]:
    """The candidate with the smallest held-out error, and its held-out residuals."""
    fitted, judging = features[~held_out], features[held_out]
    residuals: dict[str, Floats] = {}
    for kind, make in candidates.items():
        estimator = make().fit(fitted, target[~held_out])
        residuals[kind] = target[held_out] - estimator.predict(judging)
    errors = {kind: float(np.square(residual).mean()) for kind, residual in residuals.items()}
    best = min(errors, key=errors.__getitem__)
    constant = np.square(target[held_out] - target[~held_out].mean())
    gains = constant - np.square(residuals[best])
    least_gain = float(gains.mean() - _ONE_SIDED_95 * gains.std(ddof=1) / np.sqrt(len(gains)))
    return Judged(best, len(judging), errors[best], float(constant.mean()), least_gain, errors), residuals[best]


def _fewest(held_out: Mask) -> int:
    return int(min(held_out.sum(), (~held_out).sum()))
