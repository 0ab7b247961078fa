"""Fits one LLM's head: quality and response length of a query, from what is known before it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.trainer.fitting.basis import Basis, HeadConfig, Views
from services.trainer.fitting.calibration import Calibrated, Curve, calibrate, calibration_error
from services.trainer.fitting.estimators.port import Estimator, Ground, Rows
from services.trainer.fitting.examples import Examples, Mask
from services.trainer.fitting.familiarity import inverse_of_seen
from services.trainer.fitting.sureness import least_mean
from shared.inference import Floats

_LOW, _HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Judged:
    """How the chosen estimator did on held-out rows; mean squared errors, `constant` is the fitted rows' mean."""

    kind: str
    rows: int
    error: float
    constant_error: float
    #: Lower end of the one-sided 95 % interval of the constant's error minus this one's: the best of some estimators
    #: beats the constant on noise as often as not.
    least_gain: float
    #: Of every estimator that was tried.
    tried: Mapping[str, float]
    #: Basis.works of its run.
    in_good_company: bool = False

    def beats_the_constant(self) -> bool:
        """Surely; or at all, where its run has shown that this kind of head works.

        An LLM without a head is served its prior, which is flat, and so draws the very queries that are hard for all
        others: to go without a good head costs far more than to serve one that is no better than the constant.
        """
        return self.least_gain > 0 or (self.in_good_company and self.error < self.constant_error)


@dataclass(frozen=True, slots=True)
class FittedHead:
    """All that the graph is made of."""

    quality: Estimator
    #: Predicts log(1 + tokens).
    log_tokens: Estimator
    #: Mean of exp(residual): turns the exponential of a mean logarithm into a mean (Duan's smearing).
    smear: float
    #: 10 % and 90 % quantiles of the residual of log(1 + tokens).
    low: float
    high: float
    #: Predicted logarithms are held below this, or a far query would be forecast to cost a fortune.
    most_log_tokens: float
    basis: Basis
    inverse_of_seen: Floats
    rows: int
    calibrated: bool
    judged_quality: Judged
    judged_length: Judged
    #: Expected calibration error of quality on the judging rows.
    calibration_error: float
    #: Share of held-out rows whose length lies within its interval, the interval fitted on other rows; 0.8 is meant.
    coverage: float
    #: (held out,) quality minus what was predicted of it when those rows were unknown.
    residuals: Floats

    def rejected(self) -> str | None:
        """Why it must not be served; None when it may."""
        judged = self.judged_quality
        if judged.beats_the_constant():
            return None
        better = "better" if judged.in_good_company else "surely better (95 %)"
        return (
            f"held-out squared error of quality is {judged.error:.4f}, the constant's {judged.constant_error:.4f}: "
            f"not {better} on {judged.rows} rows"
        )


@dataclass(frozen=True, slots=True)
class _Split:
    """Which rows (n,) do what; held out are those that judge and those that calibrate."""

    fitted: Mask
    judging: Mask
    calibrating: Mask

    def __getitem__(self, rows: Mask) -> "_Split":
        return _Split(self.fitted[rows], self.judging[rows], self.calibrating[rows])

    @property
    def fewest(self) -> int:
        return int(min(self.fitted.sum(), self.judging.sum()))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A ground, what it sees, and what an estimator that was shown the fitted rows alone predicts of all (n,)."""

    ground: Ground
    rows: Rows
    predicted: Floats
    judged: Judged

    def estimator(self) -> Estimator:
        """Read out of all rows."""
        return self.ground.read_out(self.rows)


def fit(examples: Examples, basis: Basis, views: Views, config: HeadConfig) -> FittedHead | None:
    """Choose each ground on the judging rows, then read it out of all; None with too few rows to judge.

    `views` are what the basis sees of the examples. Length falls back on its constant: it is needed with every head.
    """
    split, known = _split(examples), np.isfinite(examples.response_tokens)
    if fewest_rows(examples) < config.fewest_rows:
        return None
    qualities = {kind: examples.qualities(view) for kind, view in views.quality.items()}
    chosen = _choose(basis.quality, qualities, split, basis.works)
    plain = chosen.predicted.clip(0, 1)
    curve = basis.curve if len(basis.quality) == 1 else _calibration(plain, examples.quality, split)
    predicted = plain if curve is None else curve(plain)
    log_lengths = {kind: examples.log_lengths(view)[known] for kind, view in views.length.items()}
    length = _choose(basis.length, log_lengths, split[known], in_good_company=False)
    residuals = (length.rows.target - length.predicted)[examples.held_out[known]]
    return FittedHead(
        quality=chosen.estimator() if curve is None else Calibrated(chosen.estimator(), curve),
        log_tokens=length.estimator(),
        smear=float(np.exp(residuals).mean()),
        low=float(np.quantile(residuals, _LOW)),
        high=float(np.quantile(residuals, _HIGH)),
        most_log_tokens=float(length.rows.target.max()),
        basis=basis,
        inverse_of_seen=inverse_of_seen(basis.projection(examples.vectors)),
        rows=len(examples.quality),
        calibrated=curve is not None,
        judged_quality=chosen.judged,
        judged_length=length.judged,
        calibration_error=calibration_error(predicted[split.judging], examples.quality[split.judging]),
        coverage=_coverage(residuals),
        residuals=(examples.quality - predicted)[examples.held_out],
    )


def fewest_rows(examples: Examples) -> int:
    """Rows with response tokens on the side of the split that has fewer of them."""
    return _split(examples)[np.isfinite(examples.response_tokens)].fewest


def judge(kind: str, squares: Floats, constant: Floats, tried: Mapping[str, float], *, in_good_company: bool) -> Judged:
    """By the squared errors (rows,) of an estimator and of the constant, on rows that neither was fitted to."""
    error, constant_error = float(squares.mean()), float(constant.mean())
    return Judged(kind, len(squares), error, constant_error, least_mean(constant - squares), tried, in_good_company)


def _split(examples: Examples) -> _Split:
    nobody = np.zeros(len(examples.quality), np.bool_)
    calibrating = nobody if examples.calibrating is None else examples.calibrating
    return _Split(~examples.held_out, examples.held_out & ~calibrating, calibrating)


def _choose(grounds: Mapping[str, Ground], rows: Mapping[str, Rows], split: _Split, in_good_company: bool) -> _Chosen:
    """The ground with the smallest error on the judging rows; `rows` by kind, with the same targets."""
    predicted = {
        kind: ground.read_out(rows[kind][split.fitted]).predict(rows[kind].view) for kind, ground in grounds.items()
    }
    known = next(iter(rows.values())).target
    target = known[split.judging]
    squares = {kind: np.square(target - values[split.judging]) for kind, values in predicted.items()}
    errors = {kind: float(values.mean()) for kind, values in squares.items()}
    best = min(errors, key=errors.__getitem__)
    constant = np.square(target - known[split.fitted].mean())
    judged = judge(best, squares[best], constant, errors, in_good_company=in_good_company)
    return _Chosen(grounds[best], rows[best], predicted[best], judged)


def _calibration(predicted: Floats, quality: Floats, split: _Split) -> Curve | None:
    """The curve of the calibrating rows; None unless the judging rows are surely predicted better with it.

    Where the run settled on a kind, heads do without their own: what each curve gets wrong on few rows is what routing
    would go by.
    """
    curve = calibrate(predicted[split.calibrating], quality[split.calibrating])
    if curve is None:
        return None
    plain, target = predicted[split.judging], quality[split.judging]
    bent = curve(plain)
    gain = least_mean(np.square(plain - target) - np.square(bent - target))
    return curve if gain > 0 and calibration_error(bent, target) < calibration_error(plain, target) else None


def _coverage(residuals: Floats) -> float:
    """Share within the interval, each half by the quantiles of the other."""
    halves = residuals[::2], residuals[1::2]
    inside = [
        (np.quantile(one, _LOW) <= other) & (other <= np.quantile(one, _HIGH)) for one, other in (halves, halves[::-1])
    ]
    return float(np.concatenate(inside).mean())
