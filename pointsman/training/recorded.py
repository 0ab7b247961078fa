"""Recorded answers of LLMs: canonical parquet files, narrowed to a pool of LLMs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.errors import ConfigurationError
from shared.inference import Floats

_COLUMNS = ("source", "query_id", "dataset", "prompt", "llm", "quality", "output_tokens", "cost_usd")


class Pool(BaseModel):
    """A set of LLMs that answered the same queries, and the strong one that ratios refer to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: tuple[str, ...]
    #: Patterns such as `mmlu_pro/*`; None takes every data set of the sources.
    datasets: tuple[str, ...] | None = None
    reference: str
    llms: tuple[str, ...]

    def has(self, source: str, dataset: str) -> bool:
        wanted = self.datasets is None or any(fnmatch(dataset, pattern) for pattern in self.datasets)
        return wanted and source in self.source


_pools = TypeAdapter(dict[str, Pool])


@dataclass(frozen=True, slots=True)
class Answers:
    """One LLM's rows: indices of queries, and what was recorded; each (n,), NaN where unknown."""

    query: NDArray[np.int64]
    quality: Floats
    response_tokens: Floats
    cost_usd: Floats


@dataclass(frozen=True, slots=True)
class Recorded:
    """Distinct prompts, and each LLM's answers to them."""

    prompts: list[str]
    answers: dict[str, Answers]
    #: Where each prompt comes from, such as `mmlu_pro/law`; None where nobody said.
    datasets: list[str] | None = None


def read_pool(argument: str) -> Pool:
    """The pool that `FILE:NAME` names; raises ConfigurationError saying what is there."""
    file, separator, name = argument.rpartition(":")
    if not separator or not file or not name:
        raise ConfigurationError(f"--pool: expected FILE:NAME such as pools.json:zeroeval_13, got {argument}")
    try:
        pools = _pools.validate_python(json.loads(Path(file).read_bytes()))
    except OSError as error:
        raise ConfigurationError(f"--pool: cannot read {file}: {error.strerror}") from error
    except (ValidationError, ValueError) as error:
        raise ConfigurationError(f"--pool: expected {file} to hold pools as JSON: {error}") from error
    if name not in pools:
        raise ConfigurationError(f"--pool: expected one of {', '.join(sorted(pools))} in {file}, got {name}")
    return pools[name]


def read_recorded(files: Sequence[Path], pool: Pool) -> Recorded:
    """Every row of the pool's LLMs on the pool's data sets; raises ConfigurationError when a file is none of ours."""
    table = pa.concat_tables([_read(file, pool) for file in files])
    llms = {llm: _rows(table, llm) for llm in pool.llms}
    missing = sorted(llm for llm, rows in llms.items() if rows.num_rows == 0)
    if missing:
        raise ConfigurationError(f"--data: expected rows of every LLM in the pool, there are none of {missing[0]}")
    ids = table.column("query_id").to_pylist()
    prompt_of = dict(zip(ids, table.column("prompt").to_pylist(), strict=True))
    dataset_of = dict(zip(ids, table.column("dataset").to_pylist(), strict=True))
    index_of = {query_id: index for index, query_id in enumerate(sorted(prompt_of))}
    answers = {llm: _answers(rows, index_of) for llm, rows in llms.items()}
    prompts, datasets = ([of[query_id] for query_id in index_of] for of in (prompt_of, dataset_of))
    return Recorded(prompts, answers, datasets)


def _read(file: Path, pool: Pool) -> pa.Table:
    if not file.is_file():
        raise ConfigurationError(f"--data: there is no file {file}")
    try:
        missing = sorted(set(_COLUMNS) - set(pq.read_schema(file).names))
        if missing:
            raise ConfigurationError(f"--data: expected column {missing[0]} in {file}; see the canonical format")
        table = pq.read_table(file, columns=list(_COLUMNS), filters=[("llm", "in", list(pool.llms))])
    except pa.ArrowException as error:
        raise ConfigurationError(f"--data: expected {file} to be a canonical parquet file: {error}") from error
    places = zip(table.column("source").to_pylist(), table.column("dataset").to_pylist(), strict=True)
    wanted = [pool.has(source, dataset) for source, dataset in places]
    return table.filter(pa.array(wanted, pa.bool_()))


def _rows(table: pa.Table, llm: str) -> pa.Table:
    mine = table.filter(pc.equal(table.column("llm"), llm))
    return mine.filter(pc.is_finite(mine.column("quality")))


def _answers(rows: pa.Table, index_of: dict[str, int]) -> Answers:
    return Answers(
        query=np.array([index_of[query_id] for query_id in rows.column("query_id").to_pylist()], np.int64),
        quality=np.clip(_floats(rows, "quality"), 0, 1),
        response_tokens=_floats(rows, "output_tokens"),
        cost_usd=_floats(rows, "cost_usd"),
    )


def _floats(rows: pa.Table, column: str) -> Floats:
    values = rows.column(column).cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(values.to_numpy(), np.float32)
