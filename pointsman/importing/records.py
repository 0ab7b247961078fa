"""What every file is read as: a stream of records with named columns."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

#: One record's values by column, as the file has them.
Values = Mapping[str, object]
#: Is told, now and then, which share of the file was read.
Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record or a row cannot be imported."""

    #: As the file names it; None where no column in particular is wrong.
    column: str | None
    #: The same words for every row with this problem, so that they can be counted.
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record, or why it cannot be read."""

    #: From 1: the row of a table, or the line on which it begins.
    number: int
    values: Values | Problem


class Records(Protocol):
    """A file whose records can be read once."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def unit(self) -> str:
        """What is counted: `row` or `line`."""

    def read(self, wanted: Collection[str], told: Told) -> Iterator[Record]:
        """The records with at least the wanted columns; raises PermanentError where the file ends in the middle."""


def shown(value: object) -> str:
    """A value as a message shows it.

    >>> shown(None), shown(1.5), shown("abc"), shown("x" * 99)
    ('nothing', '1.5', "'abc'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'")
    """
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:40]}…")
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
