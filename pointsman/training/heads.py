"""Heads of all LLMs of a run: one basis for all, then one head after another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pointsman.training.config import TrainConfig
from pointsman.training.recorded import Recorded
from pointsman.training.vectors import Embedded
from services.trainer.fitting.basis import Basis, learn_basis
from services.trainer.fitting.card import Candidate, Lineage
from services.trainer.fitting.estimators.port import Ground, Rows, Targets
from services.trainer.fitting.heads import fit
from services.trainer.fitting.publishing import Origin, store_head
from services.trainer.fitting.routing import Answered, preferred
from services.trainer.fitting.rows import Queries, store_rows
from services.trainer.fitting.split import held_out
from shared.artifacts import Artifacts
from shared.errors import ConfigurationError
from shared.inference import Floats

#: Queries that all LLMs answered at known cost, without which no curve says anything.
_FEWEST_ROUTED = 50


def fit_heads(
    recorded: Recorded,
    embedded: Embedded,
    encoder: str,
    artifacts: Artifacts,
    config: TrainConfig,
    basis: Basis | None = None,
) -> Iterator[Candidate]:
    """One stored head after another, one per LLM; raises ConfigurationError for an LLM with too few rows.

    A basis of other LLMs serves those that come later: it was learned without them, and theirs are not touched.
    """
    queries = _queries(recorded, embedded, config)
    basis = learn(recorded, embedded, config) if basis is None else basis
    lineage = Lineage(rows_sha256=store_rows(queries, basis, recorded.answers, artifacts))
    for llm, answers in recorded.answers.items():
        examples = queries.answered(answers)
        head = fit(examples, basis, config.heads)
        if head is None:
            raise ConfigurationError(
                f"--data: expected at least {config.heads.fewest_rows} rows of {llm} with response tokens "
                "on either side of the split, there are fewer"
            )
        yield store_head(Origin(llm, encoder, config.seed, lineage), head, examples, None, artifacts)


def learn(recorded: Recorded, embedded: Embedded, config: TrainConfig) -> Basis:
    """What the heads of all recorded LLMs share; quality's kind is the one that routes best, if that can be told."""
    queries, table = _queries(recorded, embedded, config), _table(recorded)
    fitted = ~queries.held_out
    inputs = queries.inputs[fitted]
    basis = learn_basis(
        Targets(inputs, table.quality[fitted]),
        Targets(inputs, np.log1p(table.response_tokens[fitted])),
        len(fitted),
        config.heads,
        config.seed,
    )
    return _settled(basis, queries, table, config.seed)


@dataclass(frozen=True, slots=True)
class _Table:
    """All LLMs' answers to all queries, (n, m) each, NaN where unknown."""

    quality: Floats
    response_tokens: Floats
    cost_usd: Floats


def _table(recorded: Recorded) -> _Table:
    shape = len(recorded.prompts), len(recorded.answers)
    table = _Table(*(np.full(shape, np.nan, np.float32) for _ in range(3)))
    for column, answers in enumerate(recorded.answers.values()):
        table.quality[answers.query, column] = answers.quality
        table.response_tokens[answers.query, column] = answers.response_tokens
        table.cost_usd[answers.query, column] = answers.cost_usd
    return table


def _queries(recorded: Recorded, embedded: Embedded, config: TrainConfig) -> Queries:
    shares = (config.held_out, config.calibrating)
    return Queries(embedded.inputs, *(held_out(recorded.prompts, share, config.seed) for share in shares))


def _settled(basis: Basis, queries: Queries, table: _Table, seed: int) -> Basis:
    """By the area under the curve on the judging queries that every priced LLM answered; as it was without such."""
    priced = np.isfinite(table.cost_usd).any(axis=0)
    complete = np.isfinite(table.quality[:, priced]).all(axis=1) & np.isfinite(table.cost_usd[:, priced]).all(axis=1)
    rows = queries.judging & complete & np.isfinite(table.response_tokens[:, priced]).all(axis=1)
    if rows.sum() < _FEWEST_ROUTED or priced.sum() < 2 or len(basis.quality) < 2:
        return basis
    quality, cost_usd = table.quality[rows][:, priced], table.cost_usd[rows][:, priced]
    columns = np.flatnonzero(priced)
    predicted = {
        kind: _predicted(ground, queries, table.quality[:, columns], rows).clip(0, 1)
        for kind, ground in basis.quality.items()
    }
    answered = Answered(quality, cost_usd, int(quality.mean(axis=0).argmax()))
    kind, areas = preferred(answered, predicted, _costs(basis, queries, table, columns, rows), seed)
    return basis.settled(kind, areas)


def _predicted(ground: Ground, queries: Queries, values: Floats, rows: np.ndarray) -> Floats:
    """(rows, m): by what each LLM's fitted rows alone say."""
    asked, numbers = queries.inputs[rows], np.arange(len(values))
    columns = []
    for column in values.T:
        known = ~queries.held_out & np.isfinite(column)
        columns.append(ground.read_out(Rows(queries.inputs[known], column[known], numbers[known])).predict(asked))
    return np.stack(columns, axis=1)


def _costs(basis: Basis, queries: Queries, table: _Table, columns: np.ndarray, rows: np.ndarray) -> Floats:
    """(rows, m) USD: prompt and predicted response tokens at the prices that explain the recorded costs best."""
    logs = np.log1p(table.response_tokens[:, columns])
    lengths = np.expm1(_predicted(next(iter(basis.length.values())), queries, logs, rows))
    prompts = queries.inputs.prompt_tokens
    costs = []
    for column, length in zip(columns, lengths.T, strict=True):
        tokens, cost = table.response_tokens[:, column], table.cost_usd[:, column]
        known = np.isfinite(tokens) & np.isfinite(cost)
        used = np.stack([prompts[known], tokens[known]], axis=1)
        prices = np.linalg.lstsq(used, cost[known], rcond=None)[0]
        costs.append(np.stack([prompts[rows], length], axis=1) @ prices)
    return np.stack(costs, axis=1)
