"""Files that rows come from, their layout recognised by their columns."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pointsman.importing.formats import Format
from pointsman.importing.layouts.canonical import Canonical
from pointsman.importing.layouts.layout import Labels, Layout, WrongLayoutError
from pointsman.importing.layouts.llmrouter import LlmRouter
from pointsman.importing.layouts.routellm import RouteLlm
from pointsman.importing.layouts.routerbench import RouterBench
from pointsman.importing.opening import open_records
from pointsman.importing.records import Problem, Records, Told
from pointsman.importing.rows import Draft
from shared.errors import PermanentError

#: In the order in which they are tried: RouteLLM's needs no more than a prompt.
_LAYOUTS: Mapping[Format, Callable[[tuple[str, ...], Labels], Layout]] = {
    Format.CANONICAL: Canonical,
    Format.ROUTERBENCH: RouterBench,
    Format.LLMROUTER: LlmRouter,
    Format.ROUTELLM: RouteLlm,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What may become a row, and where it stood."""

    number: int
    draft: Draft | Problem


class Source:
    """A file with a known layout."""

    def __init__(self, file: Path, format: Format, records: Records, layout: Layout) -> None:
        self.name = str(file)
        self.format = format
        self.unit = records.unit
        self.bytes = file.stat().st_size
        self.left_out = tuple(column for column in records.columns if column not in layout.columns)
        self._records = records
        self._layout = layout

    def read(self, told: Told) -> Iterator[Found]:
        """Every row that the file may hold, or why it is none."""
        for record in self._records.read(self._layout.columns, told):
            if isinstance(record.values, Problem):
                yield Found(record.number, record.values)
                continue
            for draft in self._layout.drafts(record.values):
                yield Found(record.number, draft)


def open_source(file: Path, format: Format | None, label: str | None) -> Source:
    """The file as the layout that is named, or that its columns fit; raises PermanentError where none does."""
    records = open_records(file)
    found = ", ".join(records.columns)[:300] or "none"
    misses = {}
    for candidate in _LAYOUTS if format is None else (format,):
        try:
            layout = _LAYOUTS[candidate](records.columns, Labels(label or candidate, file.stem))
        except WrongLayoutError as error:
            misses[candidate] = str(error)
        else:
            return Source(file, candidate, records, layout)
    lacks = "; ".join(f"{name} {why}" for name, why in misses.items())
    raise PermanentError(f"expected {file} in a format that is known ({lacks}); its columns: {found}")
