"""Recorded answers as matrices: one row per query, one column per LLM."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pointsman.training.recorded import Answers, Recorded

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked; (source, query_id) tells it from all others."""

    source: str
    query_id: str
    dataset: str
    domain: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What `llms`, in the order of their names, made of `queries`; each matrix (n, l), NaN where unknown."""

    queries: tuple[Query, ...]
    llms: tuple[str, ...]
    quality: Doubles
    input_tokens: Doubles
    output_tokens: Doubles
    cost_usd: Doubles

    @property
    def prompts(self) -> list[str]:
        return [query.prompt for query in self.queries]

    def take(self, rows: Rows) -> "Answered":
        """These queries alone, in this order."""
        return Answered(
            tuple(self.queries[row] for row in rows),
            self.llms,
            self.quality[rows],
            self.input_tokens[rows],
            self.output_tokens[rows],
            self.cost_usd[rows],
        )

    def recorded(self, response_tokens: Doubles) -> Recorded:
        """As `pointsman train` reads it; `response_tokens` (n, l) are what lengths are fitted on."""
        answers = {
            llm: _of_llm(self.quality[:, column], response_tokens[:, column], self.cost_usd[:, column])
            for column, llm in enumerate(self.llms)
        }
        return Recorded(self.prompts, answers, [query.dataset for query in self.queries])


def known_mean(values: Doubles, axis: int | None = None) -> Doubles:
    """Mean of what is not NaN; NaN where nothing is.

    >>> known_mean(np.array([[1.0, np.nan], [3.0, np.nan]]), axis=0).tolist()
    [2.0, nan]
    """
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    mean: Doubles = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _of_llm(quality: Doubles, response_tokens: Doubles, cost_usd: Doubles) -> Answers:
    rows = np.flatnonzero(np.isfinite(quality))
    return Answers(
        query=rows,
        quality=quality[rows].astype(np.float32),
        response_tokens=response_tokens[rows].astype(np.float32),
        cost_usd=cost_usd[rows].astype(np.float32),
    )
