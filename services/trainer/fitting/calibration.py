"""Makes predicted qualities mean what they say: among answers predicted at 0.8, 80 % of the quality is there."""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.port import Estimator, View
from shared.inference import Floats

#: With fewer rows a curve of two parameters; isotonic steps would follow noise (method 1.3).
ISOTONIC_ROWS = 1000
_BINS = 10
_LEAST, _MOST = 0.01, 0.99
#: Points of an isotonic curve.
_KNOTS = 20
#: Share of the prediction itself.
_PLAIN = 0.05
#: Different predictions that a curve needs.
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight between its knots, level outside: `at` (k,) ascending, `values` (k,)."""

    at: Floats
    values: Floats

    def __call__(self, quality: Floats) -> Floats:
        """(n,) in and out.

        >>> Curve(np.array([0, 1], np.float32), np.array([0.5, 1], np.float32))(np.array([0.5, 2], np.float32)).tolist()
        [0.75, 1.0]
        """
        return np.interp(quality, self.at, self.values).astype(np.float32)

    def write(self, builder: Builder, quality: str) -> str:
        """The first value, and at each knot a bend: value + sum of (change of slope) * relu(quality - knot)."""
        slopes = np.concatenate([[0], np.diff(self.values) / np.diff(self.at), [0]])
        bends = np.diff(slopes).astype(np.float32).reshape(-1, 1)
        beyond = builder.node("Relu", [builder.node("Sub", [quality, builder.array(self.at.reshape(1, -1))])])
        return builder.node(
            "Add", [builder.node("MatMul", [beyond, builder.array(bends)]), builder.number(self.values[0])]
        )


@dataclass(frozen=True, slots=True)
class Calibrated:
    """An estimator of quality, bent."""

    estimator: Estimator
    curve: Curve

    def predict(self, view: View) -> Floats:
        return self.curve(self.estimator.predict(view))

    def write(self, builder: Builder, columns: str) -> str:
        return self.curve.write(builder, self.estimator.write(builder, columns))


def calibration_error(predicted: Floats, quality: Floats) -> float:
    """Expected calibration error: mean distance of mean prediction and mean quality over bins of equal width, by rows.

    (Naeini et al., AAAI 2015.)

    >>> calibration_error(np.array([0.75, 0.75]), np.array([1.0, 0.0]))
    0.25
    """
    bins = np.minimum((predicted * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, predicted - quality, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(predicted))


def calibrate(predicted: Floats, quality: Floats) -> Curve | None:
    """The curve that makes such predictions (n,) mean what they say; None where too few differ."""
    if len(np.unique(predicted)) < _FEWEST:
        return None
    return _platt(predicted, quality) if len(predicted) < ISOTONIC_ROWS else _isotonic(predicted, quality)


def _platt(predicted: Floats, quality: Floats) -> Curve:
    """sigmoid(a logit(p) + b) (Platt 1999), a > 0, by its values at knots; a quality of 0.8 is 80 % a success."""
    logits = _logit(predicted).reshape(-1, 1)
    both = np.concatenate([logits, logits])
    weights = np.concatenate([quality, 1 - quality])
    outcomes = np.repeat([1, 0], len(quality))
    seen = weights > 0
    at = np.linspace(_LEAST, _MOST, _KNOTS, dtype=np.float32)
    if len(np.unique(outcomes[seen])) < 2:
        return Curve(at, np.full(_KNOTS, quality.mean(), np.float32))
    fitted = LogisticRegression(C=10.0).fit(both[seen], outcomes[seen], weights[seen])
    slope = max(float(fitted.coef_[0, 0]), 0.0)
    return Curve(at, (1 / (1 + np.exp(-slope * _logit(at) - fitted.intercept_[0]))).astype(np.float32))


def _isotonic(predicted: Floats, quality: Floats) -> Curve:
    """The ascending curve of least squared error, by its values at quantiles of the predictions.

    A little of the prediction stays, as a level stretch would hide from routing which of two LLMs is the better.
    """
    fitted = IsotonicRegression(out_of_bounds="clip").fit(predicted, quality)
    at = np.unique(np.quantile(predicted, np.linspace(0, 1, _KNOTS)).astype(np.float32))
    return Curve(at, ((1 - _PLAIN) * fitted.predict(at) + _PLAIN * at).astype(np.float32))


def _logit(share: Floats) -> Floats:
    clipped = np.clip(share, _LEAST, _MOST)
    logit: Floats = np.log(clipped / (1 - clipped))
    return logit
