"""`pointsman up` and `pointsman down`: the fleet on this machine."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from pointsman.command.options import StateFolder
from pointsman.local.options import FleetOptions
from pointsman.local.state import State, locate
from pointsman.local.table import follow
from shared.errors import ConfigurationError, PermanentError, TransientError

_READY_TIMEOUT_S = 600
_STOP_TIMEOUT_S = 120


def up(
    state: StateFolder = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when the fleet is ready; `down` ends it.")] = False,
    kafka: Annotated[str | None, typer.Option(help="Bootstrap servers of an existing Kafka.")] = None,
    postgres: Annotated[str | None, typer.Option(help="SQLAlchemy URL of an existing Postgres.")] = None,
    llms: Annotated[Path | None, typer.Option(help="Folder of *.env descriptors of real LLMs.")] = None,
    replicas: Annotated[list[str] | None, typer.Option(help="<service>=<n>; may be repeated.")] = None,
    simulate: Annotated[
        int | None, typer.Option(min=1, help="How many simulated LLMs; else 4, or all of a pool.", show_default=False)
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of recorded answers to replay.")] = None,
    pool: Annotated[str | None, typer.Option(help="Pool of LLMs in the recorded answers.")] = None,
) -> None:
    """Start the fleet on this machine and show how it fares."""
    try:
        options = FleetOptions(
            state=locate(state).resolve(),
            kafka=kafka,
            postgres=postgres,
            llms=None if llms is None else llms.resolve(),
            replicas=dict(map(_replica_count, replicas or [])),
            simulate=simulate,
            data=None if data is None else data.resolve(),
            pool=pool,
        )
    except ValidationError as error:
        raise ConfigurationError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    console = Console()
    if detach:
        _detached(options, console)
    else:
        from pointsman.local.foreground import until_told  # brings the database and migrations, slow to import

        asyncio.run(until_told(options, console.print, partial(_show, console, State(options.state))))


def down(state: StateFolder = None) -> None:
    """Stop the fleet: services finish what they hold, then Postgres and Kafka end."""
    folder = State(locate(state))
    console = Console()
    pid = folder.running_pid()
    if pid is None:
        console.print(f"no fleet runs in {folder.folder}")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    with console.status("stopping"):
        while folder.running_pid() is not None:
            if time.monotonic() > deadline:
                raise TransientError(f"process {pid} still runs after {_STOP_TIMEOUT_S} s; see {folder.logs}/up.log")
            time.sleep(0.2)
    console.print("stopped")


def _replica_count(text: str) -> tuple[str, int]:
    service, _, count = text.partition("=")
    if not count.isdigit():
        raise ConfigurationError(f"--replicas {text}: expected <service>=<n>, such as decision=2")
    return service, int(count)


async def _show(console: Console, state: State) -> None:
    """The live table, until this process is told to stop."""
    title = f"fleet in {state.folder}; Ctrl-C stops it"
    if not console.is_terminal:
        console.print("ready")
        await asyncio.Event().wait()
    await follow(state, console, title, lambda: True)


def _detached(options: FleetOptions, console: Console) -> None:
    """Start a process of its own that runs the fleet, and wait until it is ready."""
    state = State(options.state)
    with state.locked():
        state.forget_endpoints()
    log = state.logs / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            (sys.executable, "-m", "pointsman.local", options.model_dump_json()),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with console.status("starting") as status:
        _wait_until_ready(process, state, log, status.update)
    console.print(f"ready, as process {process.pid}; `pointsman down` ends it")


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", state: State, log: Path, report: Callable[[str], None]
) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while state.endpoints() is None:
        lines = log.read_text().splitlines() or ["starting"]
        if process.poll() is not None:
            raise PermanentError(lines[-1]) if process.returncode == 2 else TransientError(lines[-1])
        if time.monotonic() > deadline:
            process.terminate()
            raise TransientError(f"the fleet is not ready after {_READY_TIMEOUT_S} s: {lines[-1]}; see {state.logs}")
        report(lines[-1])
        time.sleep(0.2)
