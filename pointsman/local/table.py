"""The fleet's status as a table for people."""

import asyncio
from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pointsman.local.overview import Overview, Row, observer
from pointsman.local.queues import Queue
from pointsman.local.state import State

_EVERY_S = 1.0


async def follow(state: State, console: Console, title: str, going_on: Callable[[], bool]) -> None:
    """Draw the table anew each second, for as long as that is wanted."""
    overview = Overview(state)
    with Live(console=console, auto_refresh=False) as live:
        async with observer() as client:
            while going_on():
                live.update(view(overview, await overview.look(client), title), refresh=True)
                await asyncio.sleep(_EVERY_S)


def view(overview: Overview, rows: Sequence[Row], title: str) -> RenderableType:
    """One line an LLM, then one line a process."""
    memory_mb = sum(row.memory_mb or 0 for row in rows)
    llms = (_llms(overview.queues), "") if overview.queues else ()
    return Group(Text(title, "bold"), "", *llms, _processes(rows), Text(f"{memory_mb:.0f} MB in all", "dim"))


def _processes(rows: Sequence[Row]) -> Table:
    view = _empty()
    for column in ("service", "state"):
        view.add_column(column, no_wrap=True)
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


def _llms(queues: Sequence[Queue]) -> Table:
    view = _empty()
    view.add_column("llm", no_wrap=True)
    view.add_column("state", no_wrap=True)
    for column in ("work before it", "in flight", "answered", "paid"):
        view.add_column(column, justify="right", no_wrap=True)
    for queue in queues:
        view.add_row(
            queue.llm,
            "[green]called" if queue.closed is None else f"[red]closed: {queue.closed}",
            f"{queue.outstanding_s:.1f} s",
            str(queue.in_flight),
            str(queue.answered),
            f"${queue.cost_usd:.4f}",
        )
    return view


def _empty() -> Table:
    return Table(box=None, header_style="bold", pad_edge=False)


def _state(row: Row) -> str:
    if row.status != "ready":
        return f"[yellow]{row.status}"
    return "[red]not healthy" if row.healthy is False else "[green]ready"


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
