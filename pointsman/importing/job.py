"""The whole of an import: from sources to one canonical file and a report."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pointsman.importing.formats import Format
from pointsman.importing.prices import Prices
from pointsman.importing.records import Problem, Told
from pointsman.importing.report import Rejected, Report
from pointsman.importing.rows import Row
from pointsman.importing.seen import Seen
from pointsman.importing.sources import Found
from pointsman.importing.writing import CanonicalFile, RejectsFile, beside
from shared.errors import TransientError


class Readable(Protocol):
    """What rows come from."""

    @property
    def name(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def format(self) -> Format: ...

    @property
    def bytes(self) -> int:
        """How much there is to read; 0 where nobody knows."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns that have no place in a row."""

    def read(self, told: Told) -> Iterator[Found]: ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where rows go, and where those go that cannot be imported."""

    out: Path
    rejects: Path | None = None


def import_answers(sources: Sequence[Readable], to: Destination, prices: Prices | None, told: Told) -> Report:
    """Write every good row, the first of those that are there twice; without a good row there is no file.

    Raises PermanentError where a source ends in the middle, TransientError where nothing can be written; either way
    what was at `to.out` stays.
    """
    report = Report()
    with _rejects(to.rejects) as reject, beside(to.out) as fresh, _seen() as seen:
        out = CanonicalFile(fresh)
        for source, number, outcome in _outcomes(sources, seen, told):
            if isinstance(outcome, Problem):
                rejected = Rejected(source.name, source.unit, number, outcome)
                report.reject(rejected)
                reject(rejected)
                continue
            priced = prices.completed(outcome) if prices is not None else None
            out.add(priced or outcome)
            report.imported[outcome.llm] += 1
            report.costs_derived += priced is not None
        out.close()
    return report


def _outcomes(sources: Sequence[Readable], seen: Seen, told: Told) -> Iterator[tuple[Readable, int, Row | Problem]]:
    total, before = sum(source.bytes for source in sources) or 1, 0
    for source in sources:
        for found in source.read(_part(told, before / total, source.bytes / total)):
            yield source, found.number, _examine(found, f"{source.unit} {found.number} of {source.name}", seen)
        before += source.bytes


def _examine(found: Found, place: str, seen: Seen) -> Row | Problem:
    if isinstance(found.draft, Problem):
        return found.draft
    row = found.draft.check()
    if isinstance(row, Problem):
        return row
    first = seen.first(row, place)
    if first is None:
        return row
    return Problem("query_id, llm", "each query and LLM once", f"those of {first}")


def _part(told: Told, start: float, share: float) -> Told:
    return lambda done: told(start + done * share)


@contextmanager
def _rejects(file: Path | None) -> Iterator[Callable[[Rejected], None]]:
    if file is None:
        yield lambda _: None
        return
    with beside(file) as fresh, fresh.open("w", encoding="utf-8", errors="backslashreplace") as opened:
        yield RejectsFile(opened).add


@contextmanager
def _seen() -> Iterator[Seen]:
    try:
        with closing(Seen()) as seen:
            yield seen
    except sqlite3.Error as error:
        raise TransientError(f"expected room in the temporary folder (TMPDIR) for what was seen: {error}") from error
