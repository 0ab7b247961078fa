"""Learns what all heads of a run stand on, and settles by routing which kind of quality they are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pointsman.training.config import TrainConfig
from pointsman.training.prices import expected_costs
from pointsman.training.recorded import Recorded
from pointsman.training.vectors import Embedded
from services.trainer.fitting.basis import Basis, Views, learn_basis
from services.trainer.fitting.calibration import Curve, calibrate, calibration_error
from services.trainer.fitting.estimators.port import Ground, Rows, Targets, View
from services.trainer.fitting.examples import Mask
from services.trainer.fitting.heads import fewest_rows
from services.trainer.fitting.routing import Answered, area, preferred
from services.trainer.fitting.rows import Queries
from services.trainer.fitting.split import held_out
from services.trainer.fitting.sureness import least_mean, unless_surely_better
from shared.errors import ConfigurationError
from shared.inference import Floats, Integers

#: Judging queries that all LLMs answered at known cost; with fewer no curve says anything.
_FEWEST_ROUTED = 50


@dataclass(frozen=True, slots=True)
class Table:
    """All LLMs' answers to all queries, (n, m) each, NaN where unknown."""

    quality: Floats
    log_lengths: Floats
    cost_usd: Floats

    def of(self, llms: Integers) -> "Table":
        return Table(self.quality[:, llms], self.log_lengths[:, llms], self.cost_usd[:, llms])

    @property
    def complete(self) -> Mask:
        """(n,) Queries that nothing is unknown of."""
        complete: Mask = np.isfinite(self.quality + self.log_lengths + self.cost_usd).all(axis=1)
        return complete


def divide(recorded: Recorded, embedded: Embedded, config: TrainConfig) -> Queries:
    """Which queries are fitted, judge and calibrate."""
    shares = (config.held_out, config.calibrating)
    return Queries(embedded.inputs, *(held_out(recorded.prompts, share, config.seed) for share in shares))


def learn(recorded: Recorded, embedded: Embedded, config: TrainConfig) -> Basis:
    """What the heads of all recorded LLMs share, with the kind of quality that routes best."""
    return settle(learn_all(recorded, embedded, config), recorded, embedded, config)


def learn_all(recorded: Recorded, embedded: Embedded, config: TrainConfig) -> Basis:
    """The same with every kind of quality that is tried; the fitted queries alone are shown to it.

    Raises ConfigurationError for an LLM with too few rows to fit and judge its head.
    """
    queries, table = divide(recorded, embedded, config), table_of(recorded)
    for llm, answers in recorded.answers.items():
        if fewest_rows(queries.answered(answers)) < config.heads.fewest_rows:
            raise too_few_rows(llm, config)
    fitted = ~queries.held_out
    inputs = queries.inputs[fitted]
    quality, log_lengths = Targets(inputs, table.quality[fitted]), Targets(inputs, table.log_lengths[fitted])
    return learn_basis(quality, log_lengths, len(fitted), config.heads, config.seed)


def too_few_rows(llm: str, config: TrainConfig) -> ConfigurationError:
    """What a user is told who brings so few answers of an LLM that no head can be fitted and judged."""
    return ConfigurationError(
        f"expected at least {config.heads.fewest_rows} rows of {llm} with response tokens "
        "on either side of the split, there are fewer; train with more of its answers"
    )


def settle(basis: Basis, recorded: Recorded, embedded: Embedded, config: TrainConfig) -> Basis:
    """With the one kind that routes the judging queries best; with too few or without costs, that predicts them best.

    What is preferred stays unless another is surely better, and one LLM alone keeps all kinds.
    Also with the curve that bends its predictions, where they are more honest with it and route no worse.
    """
    queries, table = divide(recorded, embedded, config), table_of(recorded)
    if table.quality.shape[1] < 2:
        return basis
    views, with_price = basis.see(queries.inputs), np.flatnonzero(np.isfinite(table.cost_usd).any(axis=0))
    predicted = {
        kind: predict(ground, views.quality[kind], table.quality, ~queries.held_out).clip(0, 1)
        for kind, ground in basis.quality.items()
    }
    priced = table.of(with_price)
    judging = queries.judging & priced.complete
    # Shares of cost are shares of what somebody takes money for.
    paid = priced.cost_usd[judging].sum(axis=0) > 0
    if judging.sum() < _FEWEST_ROUTED or len(with_price) < 2 or not paid.any():
        return basis.settled(_closest(predicted, table.quality, queries.judging), areas={})
    predicted, quality = {kind: each[:, with_price] for kind, each in predicted.items()}, priced.quality[judging]
    answered = Answered(quality, priced.cost_usd[judging], int(np.where(paid, quality.mean(axis=0), -1).argmax()))
    costs = _costs(basis, queries, views, priced)[judging]
    kind, areas = preferred(answered, {kind: each[judging] for kind, each in predicted.items()}, costs, config.seed)
    curve = _common_curve(predicted[kind], priced.quality, queries.calibrating)
    if curve is not None and not _helps(curve, predicted[kind][judging], answered, costs):
        curve = None
    return basis.settled(kind, areas, curve)


def _closest(predicted: Mapping[str, Floats], quality: Floats, judging: Mask) -> str:
    """The preferred kind, or the one with the smallest squared error on the judging rows if that is surely smaller."""
    known = judging & np.isfinite(quality).any(axis=1)
    squares = {kind: np.nanmean(np.square(each - quality)[known], axis=1) for kind, each in predicted.items()}
    first, *others = squares
    gains = {kind: least_mean(squares[first] - squares[kind]) for kind in others} if known.sum() > 1 else {}
    return unless_surely_better(first, gains)


def _helps(curve: Curve, plain: Floats, answered: Answered, costs: Floats) -> bool:
    """Is quality more honest with it, surely better predicted, and routed no worse?"""
    bent, quality = curve(plain), answered.quality
    gains = np.square(plain - quality).mean(axis=1) - np.square(bent - quality).mean(axis=1)
    before, after = (calibration_error(each.ravel(), quality.ravel()) for each in (plain, bent))
    return after < before and least_mean(gains) > 0 and area(answered, bent, costs) >= area(answered, plain, costs)


def _common_curve(predicted: Floats, quality: Floats, calibrating: Mask) -> Curve | None:
    """Of all LLMs' answers to the calibrating queries."""
    known = calibrating.reshape(-1, 1) & np.isfinite(quality)
    return calibrate(predicted[known], quality[known])


def predict(ground: Ground, view: View, values: Floats, fitted: Mask) -> Floats:
    """(n, m): of all queries, by what each LLM's fitted rows alone say."""
    numbers, columns = np.arange(len(values)), []
    for column in values.T:
        known = fitted & np.isfinite(column)
        columns.append(ground.read_out(Rows(view[known], column[known], numbers[known])).predict(view))
    return np.stack(columns, axis=1)


def _costs(basis: Basis, queries: Queries, views: Views, table: Table) -> Floats:
    """(n, m) USD, of predicted lengths."""
    kind, ground = next(iter(basis.length.items()))
    lengths = np.expm1(predict(ground, views.length[kind], table.log_lengths, ~queries.held_out))
    return expected_costs(queries.inputs.prompt_tokens, np.expm1(table.log_lengths), table.cost_usd, lengths)


def table_of(recorded: Recorded) -> Table:
    shape = len(recorded.prompts), len(recorded.answers)
    table = Table(*(np.full(shape, np.nan, np.float32) for _ in range(3)))
    for column, answers in enumerate(recorded.answers.values()):
        table.quality[answers.query, column] = answers.quality
        table.log_lengths[answers.query, column] = np.log1p(answers.response_tokens)
        table.cost_usd[answers.query, column] = answers.cost_usd
    return table
