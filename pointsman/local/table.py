"""The fleet's status as a table for people."""

import asyncio
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from pointsman.local.overview import Overview, Row, observer
from pointsman.local.state import State

_EVERY_S = 1.0


async def follow(state: State, console: Console, title: str, going_on: Callable[[], bool]) -> None:
    """Draw the table anew each second, for as long as that is wanted."""
    overview = Overview(state)
    with Live(console=console, auto_refresh=False) as live:
        async with observer() as client:
            while going_on():
                live.update(table(await overview.look(client), title), refresh=True)
                await asyncio.sleep(_EVERY_S)


def table(rows: Sequence[Row], title: str) -> Table:
    """One line a process."""
    view = Table(title=title, title_justify="left")
    for column in ("service", "state"):
        view.add_column(column)
    for column in ("pid", "memory", "records/s", "lag", "restarts"):
        view.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        view.add_row(
            row.service,
            _state(row),
            _text(row.pid),
            "" if row.memory_mb is None else f"{row.memory_mb:.0f} MB",
            "" if row.records_per_s is None else f"{row.records_per_s:.1f}",
            _text(row.lag),
            str(row.restarts),
        )
    return view


def _state(row: Row) -> str:
    if row.status != "ready":
        return f"[yellow]{row.status}"
    return "[red]not healthy" if row.healthy is False else "[green]ready"


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
