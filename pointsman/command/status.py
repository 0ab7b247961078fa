"""`pointsman status`: how every process of the fleet fares."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from pointsman.local.overview import Overview, Row, observer
from pointsman.local.state import DEFAULT, State, locate
from pointsman.local.table import table
from shared.errors import TransientError


def status(
    state: Annotated[
        Path | None, typer.Option("--state", help=f"State folder; default POINTSMAN_STATE, else ./{DEFAULT}.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Refresh each second until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array on standard output.")] = False,
) -> None:
    """Show service, pid, memory, records a second and lag of every process."""
    folder = State(locate(state))
    if folder.running_pid() is None:
        raise TransientError(f"no fleet runs in {folder.folder}; start one with `pointsman up --state {folder.folder}`")
    console = Console()
    if live:
        with suppress(KeyboardInterrupt):
            asyncio.run(_follow(folder, console))
        return
    rows = asyncio.run(_look(folder))
    if as_json:
        print(json.dumps([row.as_json() for row in rows], indent=2))
    else:
        console.print(table(rows, _title(folder)))


async def _look(state: State) -> list[Row]:
    """Two looks, a second apart, for the rates."""
    overview = Overview(state)
    async with observer() as client:
        await overview.look(client)
        await asyncio.sleep(1)
        return await overview.look(client)


async def _follow(state: State, console: Console) -> None:
    overview = Overview(state)
    with Live(console=console, auto_refresh=False) as live:
        async with observer() as client:
            while state.running_pid() is not None:
                live.update(table(await overview.look(client), _title(state)), refresh=True)
                await asyncio.sleep(1)


def _title(state: State) -> str:
    return f"fleet in {state.folder}"
