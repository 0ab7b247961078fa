"""`pointsman doctor`: whether this machine can run a fleet."""

from dataclasses import asdict

import typer
from rich.console import Console

from pointsman.command.options import Json, StateFolder
from pointsman.command.output import print_json
from pointsman.local.checks import examine
from pointsman.local.state import locate


def doctor(state: StateFolder = None, as_json: Json = False) -> None:
    """Check this machine, one line a thing, and say what to do; exit code 1 when something is missing."""
    checks = examine(locate(state))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        console = Console()
        for check in checks:
            mark = "[green]ok  [/]" if check.ok else "[red]no  [/]"
            advice = "" if check.advice is None else f": {check.advice}"
            console.print(f"{mark}{check.name:<9}{check.found}{advice}")
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
