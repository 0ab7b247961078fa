"""`pointsman import`: recorded answers, as others publish them and as the fleet logs them, to canonical parquet."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue
from rich import progress as bars
from rich.console import Console
from rich.markup import escape

from pointsman.command.options import Json, State
from pointsman.command.output import print_json, print_note, print_rich, table
from pointsman.importing.formats import Format
from pointsman.local.state import find
from shared.errors import PermanentError

if TYPE_CHECKING:
    from pointsman.importing.job import Readable
    from pointsman.importing.records import Told
    from pointsman.importing.report import Reason, Rejected, Report


def import_answers(
    out: Annotated[Path, typer.Option(help="The canonical parquet file to write.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Files of one or several formats.")] = None,
    format: Annotated[Format | None, typer.Option(help="Not what the columns say; log reads a fleet's.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Derive unknown costs by this llm_prices.csv.")] = None,
    rejects: Annotated[Path | None, typer.Option(help="Write all that was rejected there, as JSON lines.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the source, where the file gives none.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace --out and --rejects if they exist.")] = False,
    as_json: Json = False,
    state: State = None,
) -> None:
    """Import recorded answers for train, evaluate and simulate: good rows are kept, the others reported.

    Reads canonical parquet, RouterBench's table, LLMRouter's routing data, RouteLLM's responses, and the log of a
    fleet that stores texts. A file may be larger than memory.

    Example:

      pointsman import routerbench_0shot.csv --out routerbench.parquet --rejects rejects.jsonl
    """
    # Late: they import what takes a second, and --help need not wait for it.
    from pointsman.importing.job import Destination, import_answers
    from pointsman.importing.prices import Prices
    from pointsman.importing.writing import check_free

    check_free("--out", out, files or [], force=force)
    if rejects is not None:
        check_free("--rejects", rejects, [*(files or []), out], force=force)
    listed = Prices.read(prices) if prices is not None else None
    sources = _sources(files or [], format, source, state)
    with _progress([one.name for one in sources]) as told:
        report = import_answers(sources, Destination(out, rejects), listed, told)
    _show(report, sources, out, as_json=as_json)


def _sources(files: list[Path], format: Format | None, source: str | None, state: Path | None) -> "Sequence[Readable]":
    from pointsman.importing.sources import open_source

    if format is not Format.LOG:
        if not files:
            raise PermanentError("expected files to import, or --format log for the log of the fleet of --state")
        return [open_source(file, format, source) for file in files]
    if files:
        raise PermanentError(f"--format log reads the fleet of --state, expected no file, got {files[0]}")
    # Apart: only this one needs the database's and the encoder's libraries.
    from pointsman.importing.log import LogSource

    return [LogSource(find(state).postgres, source or "log")]


@contextmanager
def _progress(names: list[str]) -> "Iterator[Told]":
    label = names[0] if len(names) == 1 else f"{len(names)} files"
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    # Where nobody looks on, an error must stay the only line.
    with bars.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(label, total=1.0)
        yield lambda share: shown.update(task, completed=share)


def _show(report: "Report", sources: "Sequence[Readable]", out: Path, *, as_json: bool) -> None:
    """The report; raises PermanentError in one line when nothing was imported."""
    imported = report.imported.total()
    if as_json:
        print_json(_as_data(report, sources, out if imported else None))
    if not imported:
        raise PermanentError(f"nothing could be imported: {_why(report, sources)}")
    if as_json:
        return
    if report.rejected:
        columns = ("Column", "Expected", "Rows", "First")
        print_rich(table(*columns, rows=[_row(reason) for reason in report.by_rows()], numbers=("Rows",)))
    derived = f", {report.costs_derived:,} costs derived" if report.costs_derived else ""
    print_note(f"{out}: {imported:,} of {report.read:,} rows, {len(report.imported)} LLMs{derived}.")
    for one in sources:
        if one.left_out:
            print_note(f"{one.name}: columns left out: {', '.join(one.left_out)[:200]}")
    if report.rejected:
        print_note(f"Rows that were not imported: {report.rejected:,}.")


def _why(report: "Report", sources: "Sequence[Readable]") -> str:
    if not report.read:
        return f"{', '.join(one.name for one in sources)} holds no rows"
    reason = report.by_rows()[0]
    column = "" if reason.column is None else f"{reason.column}: "
    return (
        f"none of {report.read:,} rows is good; {column}expected {reason.expected} in {reason.rows:,} of them, "
        f"the first is {_place(reason.first[0])}: {reason.first[0].problem.got}"
    )


def _as_data(report: "Report", sources: "Sequence[Readable]", out: Path | None) -> JsonValue:
    return {
        "out": None if out is None else str(out),
        "sources": [{"name": one.name, "format": one.format, "left_out": list(one.left_out)} for one in sources],
        "read": report.read,
        "imported": report.imported.total(),
        "rejected": report.rejected,
        "reasons": [
            {
                "column": reason.column,
                "expected": reason.expected,
                "rows": reason.rows,
                "first": [rejected.as_data() for rejected in reason.first],
            }
            for reason in report.by_rows()
        ],
        "llms": dict(report.imported.most_common()),
        "costs_derived": report.costs_derived,
    }


def _row(reason: "Reason") -> tuple[str, ...]:
    first, *others = reason.first
    places = [f"{_place(first)}: {first.problem.got}", *(f"{other.unit} {other.number}" for other in others)]
    return escape(reason.column or "-"), escape(reason.expected), f"{reason.rows:,}", escape("; ".join(places))


def _place(rejected: "Rejected") -> str:
    return f"{rejected.unit} {rejected.number} of {Path(rejected.file).name}"
