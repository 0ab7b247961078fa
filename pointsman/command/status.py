"""`pointsman status`: how every process of the fleet fares."""

import asyncio
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console

from pointsman.command.options import Json, StateFolder
from pointsman.command.output import print_json
from pointsman.local.overview import Overview, Row, observer
from pointsman.local.state import State, locate
from pointsman.local.table import follow, view
from shared.errors import ConfigurationError, TransientError


def status(
    state: StateFolder = None,
    live: Annotated[bool, typer.Option("--live", help="Refresh each second until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show service, pid, memory, records a second and lag of every process."""
    folder = State(locate(state))
    if folder.running_pid() is None:
        raise TransientError(f"no fleet runs in {folder.folder}; start one with `pointsman up --state {folder.folder}`")
    console = Console()
    if live:
        if not console.is_terminal:
            raise ConfigurationError(
                "expected a terminal for --live; without it, or with --json, the table is printed once"
            )
        with suppress(KeyboardInterrupt):
            asyncio.run(follow(folder, console, _title(folder), lambda: folder.running_pid() is not None))
        return
    overview, rows = asyncio.run(_look(folder))
    if as_json:
        print_json([row.as_json() for row in rows])
    else:
        console.print(view(overview, rows, _title(folder)))


async def _look(state: State) -> tuple[Overview, list[Row]]:
    """Two looks, a second apart, for the rates."""
    overview = Overview(state)
    async with observer() as client:
        await overview.look(client)
        await asyncio.sleep(1)
        return overview, await overview.look(client)


def _title(state: State) -> str:
    return f"fleet in {state.folder}"
