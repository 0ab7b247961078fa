"""The fleet's status as a table for people."""

from collections.abc import Sequence

from rich.table import Table

from pointsman.local.overview import Row


def table(rows: Sequence[Row], title: str) -> Table:
    """One line a process."""
    view = Table(title=title, title_justify="left", caption_justify="left")
    for column in ("service", "status", "health"):
        view.add_column(column)
    for column in ("pid", "memory", "records/s", "lag", "restarts"):
        view.add_column(column, justify="right")
    for row in rows:
        view.add_row(
            row.service,
            f"[green]{row.status}" if row.status == "ready" else f"[yellow]{row.status}",
            {True: "[green]ok", False: "[red]not well", None: ""}[row.healthy],
            _text(row.pid),
            "" if row.memory_mb is None else f"{row.memory_mb:.0f} MB",
            "" if row.records_per_s is None else f"{row.records_per_s:.1f}",
            _text(row.lag),
            str(row.restarts) if row.restarts else "",
        )
    return view


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
