"""Files that are there whole or not at all."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as arrow
import pyarrow.parquet as parquet

from pointsman.importing.report import Rejected
from pointsman.importing.rows import Row
from services.simulator.dataset import SCHEMA
from shared.errors import PermanentError, TransientError

#: Rows that are held as objects; rows and bytes of a row group, which are held as columns.
_ROWS = 1024
_GROUP_ROWS = 64 << 10
_GROUP_BYTES = 32 << 20


def check_free(option: str, file: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Raises PermanentError where `file` is in the way, is read itself, or its folder is missing."""
    if os.path.isdir(file):
        raise PermanentError(f"{option}: expected a file, {file} is a folder")
    if not os.path.isdir(file.parent):
        raise PermanentError(f"{option}: there is no folder {file.parent}; make it first")
    if os.path.realpath(file) in map(os.path.realpath, inputs):
        raise PermanentError(f"{option}: {file} is among the files of this import; name another")
    if os.path.lexists(file) and not force:
        raise PermanentError(f"{option}: {file} exists; give --force to replace it")


@contextmanager
def beside(file: Path) -> Iterator[Path]:
    """A path whose file takes the place of `file` when the block ends well, and is gone when it does not."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        # Fails now, not after hours of reading.
        fresh.touch()
        fresh.unlink()
        yield fresh
        if fresh.exists():
            fresh.replace(file)
    except PermissionError as error:
        raise PermanentError(f"cannot write in {file.parent}: {_reason(error)}") from error
    except (OSError, arrow.ArrowException) as error:
        raise TransientError(f"cannot write {file}: {_reason(error)}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    """As the system says it; arrow says more."""
    number = error.errno if isinstance(error, OSError) else None
    return str(error) if number is None else os.strerror(number)


class CanonicalFile:
    """Rows as canonical parquet; there is no file until there is a row."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writer: parquet.ParquetWriter | None = None
        self._rows: list[Row] = []
        self._batches: list[arrow.RecordBatch] = []

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) == _ROWS:
            self._pack()

    def close(self) -> None:
        self._pack()
        self._write()
        if self._writer is not None:
            self._writer.close()

    def _pack(self) -> None:
        columns = [[getattr(row, name) for row in self._rows] for name in SCHEMA.names]
        arrays = [arrow.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)]
        self._batches.append(arrow.RecordBatch.from_arrays(arrays, schema=SCHEMA))
        self._rows.clear()
        rows, size = (sum(getattr(each, what) for each in self._batches) for what in ("num_rows", "nbytes"))
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            self._write()

    def _write(self) -> None:
        table = arrow.Table.from_batches(self._batches, SCHEMA)
        self._batches.clear()
        if table.num_rows:
            self._writer = self._writer or parquet.ParquetWriter(self._file, SCHEMA)
            self._writer.write_table(table, row_group_size=table.num_rows)


class RejectsFile:
    """Every rejected row as a line of JSON."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def add(self, rejected: Rejected) -> None:
        self._file.write(json.dumps(rejected.as_data(), ensure_ascii=False) + "\n")
