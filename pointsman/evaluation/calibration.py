"""How far predictions can be taken at their word: quality against outcomes, cost and length against what came."""

from dataclasses import dataclass

import numpy as np

from pointsman.evaluation.answered import Answered, Doubles, known_mean
from pointsman.evaluation.served import Predictions

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose predicted quality lies in one tenth of [0, 1]."""

    predicted: float
    observed: float
    rows: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one LLM, or of all."""

    bins: tuple[Bin, ...]
    #: Mean of |observed - predicted| over the bins, by rows (expected calibration error).
    error: float
    #: Mean squared error, and that of the best constant.
    squared_error: float
    constant_squared_error: float


@dataclass(frozen=True, slots=True)
class Forecasting:
    """Of one LLM's answers to all test queries: means, and how well single answers were told apart."""

    predicted_cost_usd: float
    realised_cost_usd: float
    #: Correlation of the logarithms; None where one of them does not vary.
    cost_correlation: float | None
    #: None where tokens are not recorded.
    predicted_tokens: float | None
    realised_tokens: float | None
    #: Share of the answers within the predicted 10 % and 90 % quantiles; 0.8 is right.
    interval_coverage: float | None


def calibrate(predicted: Doubles, observed: Doubles) -> Calibration:
    """Both of one shape.

    >>> made = calibrate(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.0, 1.0, 1.0, 1.0]))
    >>> round(made.error, 6), [one.rows for one in made.bins]
    (0.25, [2, 2])
    """
    guesses, came = predicted.ravel(), observed.ravel()
    tenth = np.minimum((guesses * _BINS).astype(np.int64), _BINS - 1)
    bins = tuple(
        Bin(float(guesses[tenth == index].mean()), float(came[tenth == index].mean()), int((tenth == index).sum()))
        for index in range(_BINS)
        if (tenth == index).any()
    )
    return Calibration(
        bins,
        error=sum(one.rows * abs(one.observed - one.predicted) for one in bins) / len(guesses),
        squared_error=float(np.square(came - guesses).mean()),
        constant_squared_error=float(np.var(came)),
    )


def forecasting(predictions: Predictions, test: Answered, column: int, *, tokens: bool) -> Forecasting:
    """One LLM's; without `tokens` its lengths stand for costs."""
    predicted, realised = predictions.cost_usd[:, column], test.cost_usd[:, column]
    came = test.output_tokens[:, column]
    known = np.isfinite(came)
    if not tokens or not known.any():
        costs = float(predicted.mean()), float(realised.mean()), _correlation(predicted, realised)
        return Forecasting(*costs, predicted_tokens=None, realised_tokens=None, interval_coverage=None)
    low, high = predictions.tokens_p10[known, column], predictions.tokens_p90[known, column]
    return Forecasting(
        predicted_cost_usd=float(predicted.mean()),
        realised_cost_usd=float(realised.mean()),
        cost_correlation=_correlation(predicted, realised),
        predicted_tokens=float(predictions.response_tokens[known, column].mean()),
        realised_tokens=float(known_mean(came)),
        interval_coverage=float(((low <= came[known]) & (came[known] <= high)).mean()),
    )


def _correlation(one: Doubles, other: Doubles) -> float | None:
    positive = (one > 0) & (other > 0)
    logs = np.log(one[positive]), np.log(other[positive])
    if positive.sum() < 2 or not all(values.std() > 0 for values in logs):
        return None
    return float(np.corrcoef(*logs)[0, 1])
