"""Canonical parquet files, read a few rows at a time and only in the columns that are needed; bad rows are named."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pointsman.evaluation.answered import Answered, Doubles, Query, Rows
from shared.errors import PermanentError

_TEXTS = ("source", "query_id", "dataset", "domain", "prompt", "llm")
_NUMBERS = ("quality", "input_tokens", "output_tokens", "cost_usd")
_COLUMNS = (*_TEXTS, *_NUMBERS)
#: Unknown where a file does not have them.
_OPTIONAL = ("domain", "input_tokens", "output_tokens")
#: Rows decoded at a time.
_BATCH = 4096
_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows count."""

    #: The option that named the files, for messages.
    option: str
    llms: tuple[str, ...]
    #: Of (source, dataset).
    has: Callable[[str, str], bool]


@dataclass(slots=True)
class _Gathered:
    """Rows so far: texts by query, and per row its query, LLM, place and numbers."""

    queries: dict[tuple[str, str], Query] = field(default_factory=dict)
    index_of: dict[tuple[str, str], int] = field(default_factory=dict)
    query: list[Rows] = field(default_factory=list)
    llm: list[Rows] = field(default_factory=list)
    file: list[Rows] = field(default_factory=list)
    row: list[Rows] = field(default_factory=list)
    numbers: list[Doubles] = field(default_factory=list)


def read_answered(files: Sequence[Path], wanted: Wanted) -> Answered:
    """Every wanted row of the files; raises PermanentError, which says where, when a file or a row is not sound."""
    gathered = _Gathered()
    others: Counter[str] = Counter()
    for number, file in enumerate(files):
        before = 0
        for batch in _batches(file, wanted.option):
            _take(batch, gathered, wanted, (number, file, before), others)
            before += batch.num_rows
        if not before:
            raise PermanentError(f"{wanted.option}: expected rows in {file}, it has none")
    if not gathered.query:
        raise PermanentError(_nothing(files, wanted, others))
    return _as_matrices(gathered, files, wanted)


def _nothing(files: Sequence[Path], wanted: Wanted, others: Counter[str]) -> str:
    there = ", ".join(name for name, _ in others.most_common(5)) or "nothing"
    return (
        f"{wanted.option}: expected rows of {', '.join(wanted.llms[:5])} on the pool's data sets in "
        f"{', '.join(map(str, files))}; source/dataset/llm there: {there}"
    )


def _batches(file: Path, option: str) -> Iterator[pa.RecordBatch]:
    _check_kind(file, option)
    try:
        opened = pq.ParquetFile(file, pre_buffer=False)
        there = opened.schema_arrow.names
        missing = [column for column in _COLUMNS if column not in (*there, *_OPTIONAL)]
        if missing:
            raise PermanentError(
                f"{option}: expected column {missing[0]} in {file}, it has {', '.join(there)}; "
                "bring it into the canonical format first: pointsman import"
            )
        yield from opened.iter_batches(_BATCH, columns=[column for column in _COLUMNS if column in there])
    except (pa.ArrowException, OSError) as error:
        raise PermanentError(f"{option}: {file} is cut off or damaged, fetch it again: {error}") from error


def _check_kind(file: Path, option: str) -> None:
    try:
        with file.open("rb") as opened:
            head = opened.read(len(_PARQUET))
    except OSError as error:
        raise PermanentError(f"{option}: cannot read {file}: {error.strerror}") from error
    if not head:
        raise PermanentError(f"{option}: {file} is empty")
    if head != _PARQUET:
        raise PermanentError(
            f"{option}: expected {file} to be canonical parquet, it is not parquet; "
            f"import it first: pointsman import {file} --out answers.parquet"
        )


def _take(
    batch: pa.RecordBatch, gathered: _Gathered, wanted: Wanted, place: tuple[int, Path, int], others: Counter[str]
) -> None:
    """Keep the wanted rows of a batch whose first row is number `place[2]` of its file, from 0."""
    number, file, before = place
    texts = {name: _texts(batch, name, wanted, place) for name in ("source", "query_id", "dataset", "llm")}
    place_of = {llm: index for index, llm in enumerate(wanted.llms)}
    sets = set(zip(texts["source"], texts["dataset"], strict=True))
    within = {pair for pair in sets if wanted.has(*pair)}
    rows = [
        row
        for row, (source, dataset, llm) in enumerate(zip(texts["source"], texts["dataset"], texts["llm"], strict=True))
        if llm in place_of and (source, dataset) in within
    ]
    if not rows:
        others.update(map("/".join, zip(texts["source"], texts["dataset"], texts["llm"], strict=True)))
        return
    keys = [(texts["source"][row], texts["query_id"][row]) for row in rows]
    for row, key in zip(rows, keys, strict=True):
        if key not in gathered.queries:
            gathered.queries[key] = _query(batch, row, texts, (file, before + row + 1), wanted)
            gathered.index_of[key] = len(gathered.index_of)
    picked = np.array(rows, np.int64)
    numbers = np.stack([_numbers(batch, name, wanted, file)[picked] for name in _NUMBERS], axis=1)
    _check(numbers, keys, [texts["llm"][row] for row in rows], (file, picked + before + 1), wanted)
    gathered.query.append(np.array([gathered.index_of[key] for key in keys], np.int64))
    gathered.llm.append(np.array([place_of[texts["llm"][row]] for row in rows], np.int64))
    gathered.file.append(np.full(len(rows), number, np.int64))
    gathered.row.append(picked + before + 1)
    gathered.numbers.append(numbers)


def _query(
    batch: pa.RecordBatch, row: int, texts: dict[str, list[str]], place: tuple[Path, int], wanted: Wanted
) -> Query:
    prompt = batch.column("prompt")[row].as_py()
    domain = batch.column("domain")[row].as_py() if "domain" in batch.schema.names else None
    if not isinstance(prompt, str) or not prompt.strip():
        raise PermanentError(f"{wanted.option}: expected a prompt in row {place[1]} of {place[0]}, there is none")
    dataset = texts["dataset"][row]
    return Query(texts["source"][row], texts["query_id"][row], dataset, domain or dataset, prompt)


def _texts(batch: pa.RecordBatch, name: str, wanted: Wanted, place: tuple[int, Path, int]) -> list[str]:
    _, file, before = place
    values: list[str] = batch.column(name).to_pylist()
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise PermanentError(
                f"{wanted.option}: expected text in {name}, row {before + row + 1} of {file} has {value!r:.50}"
            )
    return values


def _numbers(batch: pa.RecordBatch, name: str, wanted: Wanted, file: Path) -> Doubles:
    """(rows,), NaN where unknown."""
    if name not in batch.schema.names:
        return np.full(batch.num_rows, np.nan)
    try:
        values = pc.cast(batch.column(name), pa.float64()).fill_null(float("nan"))
    except pa.ArrowException as error:
        raise PermanentError(f"{wanted.option}: expected numbers in column {name} of {file}: {error}") from error
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


def _check(
    numbers: Doubles,
    keys: Sequence[tuple[str, str]],
    llms: Sequence[str],
    place: tuple[Path, NDArray[np.int64]],
    wanted: Wanted,
) -> None:
    """Raise PermanentError at the first number that cannot be."""
    file, rows = place
    for column, name in enumerate(_NUMBERS):
        values, most = numbers[:, column], 1.0 if name == "quality" else np.finfo(np.float64).max
        bad = np.flatnonzero((values < 0) | (values > most))
        if len(bad):
            first = int(bad[0])
            expected = "in [0, 1]" if name == "quality" else "at least 0 and finite"
            raise PermanentError(
                f"{wanted.option}: expected {name} {expected}, row {rows[first]} of {file} has {values[first]:g} "
                f"(query {keys[first][1]}, {llms[first]})"
            )


def _as_matrices(gathered: _Gathered, files: Sequence[Path], wanted: Wanted) -> Answered:
    query, llm = np.concatenate(gathered.query), np.concatenate(gathered.llm)
    order = sorted(gathered.queries)
    _check_once(query * len(wanted.llms) + llm, gathered, files, wanted)
    # Sorted, so that the same rows in other files or another order are the same data.
    position = np.empty(len(order), np.int64)
    position[[gathered.index_of[key] for key in order]] = np.arange(len(order))
    numbers = np.concatenate(gathered.numbers)
    matrices = np.full((len(_NUMBERS), len(order), len(wanted.llms)), np.nan)
    matrices[:, position[query], llm] = numbers.T
    return Answered(tuple(gathered.queries[key] for key in order), wanted.llms, *matrices)


def _check_once(cells: Rows, gathered: _Gathered, files: Sequence[Path], wanted: Wanted) -> None:
    """Raise PermanentError when an LLM has two rows of one query."""
    sorting = np.argsort(cells, kind="stable")
    twice = np.flatnonzero(np.diff(cells[sorting]) == 0)
    if not len(twice):
        return
    first, second = sorting[twice[0]], sorting[twice[0] + 1]
    file, row = np.concatenate(gathered.file), np.concatenate(gathered.row)
    source, query_id = list(gathered.queries)[int(cells[second]) // len(wanted.llms)]
    llm = wanted.llms[int(cells[second]) % len(wanted.llms)]
    raise PermanentError(
        f"{wanted.option}: expected one row per query and LLM, {llm} has two of {source} {query_id}: "
        f"row {row[first]} of {files[file[first]]}, row {row[second]} of {files[file[second]]}"
    )
