"""Our own layout: one row per query and LLM, columns as in Row."""

from collections.abc import Iterator

from pointsman.importing.layouts.layout import Labels, WrongLayoutError
from pointsman.importing.records import Values
from pointsman.importing.rows import COLUMNS, REQUIRED, Draft


class Canonical:
    """Rows as they are."""

    def __init__(self, columns: tuple[str, ...], _labels: Labels) -> None:
        missing = [column for column in REQUIRED if column not in columns]
        if missing:
            raise WrongLayoutError(f"needs {', '.join(missing)} too")
        self.columns = tuple(column for column in COLUMNS if column in columns)

    def drafts(self, values: Values) -> Iterator[Draft]:
        yield Draft(values)
