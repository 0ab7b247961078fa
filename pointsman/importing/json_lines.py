"""Records of a file with one JSON object per line."""

import json
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from pointsman.importing.records import Problem, Record, Told, Values, shown
from pointsman.importing.text_lines import read_lines
from shared.errors import PermanentError

#: Lines searched for one that tells the columns.
_FIRST = 100


class JsonRecords:
    """One line is one record; the first that is whole tells the columns."""

    unit = "line"

    def __init__(self, file: Path) -> None:
        self._file = file
        first = islice(map(_parse, read_lines(file, lambda _: None)), _FIRST)
        whole = next((values for values in first if not isinstance(values, Problem)), None)
        if whole is None:
            raise PermanentError(f"expected one JSON object per line, no line of {file} begins and ends one")
        self.columns = tuple(whole)

    def read(self, wanted: Collection[str], told: Told) -> Iterator[Record]:
        for number, line in enumerate(read_lines(self._file, told), 1):
            if line.strip():
                yield Record(number, _parse(line))


def _parse(line: str) -> Values | Problem:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Problem(None, "a JSON object on one line", str(error))
    if not isinstance(values, dict):
        return Problem(None, "a JSON object on one line", shown(line.strip()))
    return values
