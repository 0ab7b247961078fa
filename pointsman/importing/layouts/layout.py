"""What every layout can do, and what a file says of itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from pointsman.importing.records import Values
from pointsman.importing.rows import Draft
from shared.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Labels:
    """What goes into rows whose file does not say it."""

    source: str
    #: The data set, of a file that holds only one.
    dataset: str


class Layout(Protocol):
    """Makes rows of a file's records."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the file that are read."""

    def drafts(self, values: Values) -> Iterator[Draft]:
        """One per LLM that a record tells of."""


class WrongLayoutError(PermanentError):
    """A file's columns are not those of the layout; the message goes on after the layout's name."""
