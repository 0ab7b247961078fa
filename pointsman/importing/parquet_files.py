"""Records of a parquet file, a few at a time."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet

from pointsman.importing.records import Record, Told
from shared.errors import PermanentError

#: Rows decoded at a time, and bytes read ahead per column: a row group can be larger than memory.
_ROWS = 512
_BUFFER = 1 << 16


class ParquetRecords:
    """One row of the file is one record."""

    unit = "row"

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._parquet = parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER)
        except (arrow.ArrowException, OSError) as error:
            raise PermanentError(
                f"{file} begins as parquet and is cut off or damaged; fetch it again: {error}"
            ) from error
        self.columns = tuple(self._parquet.schema_arrow.names)

    def read(self, wanted: Collection[str], told: Told) -> Iterator[Record]:
        total, number = self._parquet.metadata.num_rows, 0
        try:
            for batch in self._parquet.iter_batches(_ROWS, columns=list(wanted)):
                for values in batch.to_pylist():
                    number += 1
                    yield Record(number, values)
                told(number / total)
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise PermanentError(f"{self._file} is damaged after row {number}; fetch it again: {error}") from error
