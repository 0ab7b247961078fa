"""Recorded answers as the demo's material: some queries to ask, others to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pointsman.demo.material import Asked, Lessons, Outcomes
from pointsman.training.recorded import Answers, Pool, Recorded, read_recorded
from services.trainer.fitting.split import held_out
from shared.errors import ConfigurationError

#: Held out are more queries than are asked: by their words alone it is not known how many.
_MARGIN = 1.5
_MOST_HELD_OUT = 0.5
#: Fitting heads holds queries out in its turn, by another hash.
_HASH = 1_000_003


@dataclass(frozen=True, slots=True)
class Parted:
    """Queries to ask with every LLM's outcomes, and the others."""

    asked: tuple[Asked, ...]
    known: dict[str, Outcomes]
    lessons: Lessons


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many queries to ask, and at most how many to learn from."""

    asked: int
    lessons: int


def part(files: Sequence[Path], pool: Pool, sizes: Sizes, seed: int) -> Parted:
    """Split by query, what differs in numbers only on one side; only queries that all LLMs answered are asked.

    Raises ConfigurationError when the data lacks an LLM, or has too few queries.
    """
    recorded = read_recorded(files, pool)
    topics = _topics(files)
    asked, learnt = choose(recorded.prompts, _complete(recorded), sizes, seed)
    return Parted(
        asked=tuple(Asked(prompt, topics[prompt]) for prompt in (recorded.prompts[one] for one in asked)),
        known={llm: _outcomes(answers, asked) for llm, answers in recorded.answers.items()},
        lessons=Lessons(_only(recorded, learnt), pool.reference),
    )


def choose(
    prompts: Sequence[str], complete: NDArray[np.bool_], sizes: Sizes, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the queries to ask, all of them complete, and of those to learn from.

    Raises ConfigurationError when there are too few to ask.
    """
    random = np.random.default_rng(seed)
    share = min(_MOST_HELD_OUT, _MARGIN * sizes.asked / max(1, int(complete.sum())))
    apart = held_out(prompts, share, _HASH + seed)
    askable = np.flatnonzero(apart & complete)
    if len(askable) < sizes.asked:
        raise ConfigurationError(
            f"expected at least {sizes.asked} held-out queries that every LLM of the pool answered, there are "
            f"{len(askable)}; ask fewer: --queries {len(askable)}"
        )
    return random.permutation(askable)[: sizes.asked], random.permutation(np.flatnonzero(~apart))[: sizes.lessons]


def _complete(recorded: Recorded) -> NDArray[np.bool_]:
    """Which queries have quality and cost of every LLM."""
    complete = np.ones(len(recorded.prompts), np.bool_)
    for answers in recorded.answers.values():
        known = np.zeros(len(recorded.prompts), np.bool_)
        known[answers.query[np.isfinite(answers.quality) & np.isfinite(answers.cost_usd)]] = True
        complete &= known
    return complete


def _outcomes(answers: Answers, asked: NDArray[np.int64]) -> Outcomes:
    row_of = {query: row for row, query in enumerate(answers.query.tolist())}
    rows = [row_of[query] for query in asked.tolist()]
    return Outcomes(answers.quality[rows].astype(np.float64), answers.cost_usd[rows].astype(np.float64))


def _only(recorded: Recorded, queries: NDArray[np.int64]) -> Recorded:
    new_index = np.full(len(recorded.prompts), -1, np.int64)
    new_index[queries] = np.arange(len(queries))
    answers = {}
    for llm, all_rows in recorded.answers.items():
        kept = new_index[all_rows.query] >= 0
        answers[llm] = Answers(
            query=new_index[all_rows.query[kept]],
            quality=all_rows.quality[kept],
            response_tokens=all_rows.response_tokens[kept],
            cost_usd=all_rows.cost_usd[kept],
        )
    datasets = None if recorded.datasets is None else [recorded.datasets[query] for query in queries]
    return Recorded([recorded.prompts[query] for query in queries], answers, datasets)


def _topics(files: Sequence[Path]) -> dict[str, str]:
    """The data set of every prompt."""
    topics: dict[str, str] = {}
    for file in files:
        rows = pq.read_table(file, columns=["prompt", "dataset"])
        topics |= dict(zip(rows["prompt"].to_pylist(), rows["dataset"].to_pylist(), strict=True))
    return topics
