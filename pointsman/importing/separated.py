"""Records of a CSV file, as RFC 4180 has it: commas, a header, quotes around what holds a comma or a line's end."""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path

from pointsman.importing.records import Problem, Record, Told
from pointsman.importing.text_lines import LONGEST, read_lines
from shared.errors import PermanentError


class SeparatedRecords:
    """One line, or several where a quoted value has line ends, is one record."""

    unit = "line"

    def __init__(self, file: Path) -> None:
        self._file = file
        csv.field_size_limit(LONGEST)
        try:
            self.columns = tuple(next(csv.reader(read_lines(file, lambda _: None), strict=True), []))
        except csv.Error as error:
            raise PermanentError(f"expected {file} to begin with a header of column names: {error}") from error

    def read(self, wanted: Collection[str], told: Told) -> Iterator[Record]:
        reader = csv.reader(read_lines(self._file, told), strict=True)
        next(reader)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(number, Problem(None, "a record of CSV", str(error)))
                continue
            if cells:
                yield self._record(number, cells)

    def _record(self, number: int, cells: list[str]) -> Record:
        if len(cells) != len(self.columns):
            return Record(number, Problem(None, f"{len(self.columns)} columns, as in the header", str(len(cells))))
        return Record(number, {name: cell or None for name, cell in zip(self.columns, cells, strict=True)})
