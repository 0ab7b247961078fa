"""`pointsman doctor`: whether this machine can run a fleet."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pointsman.local.checks import examine
from pointsman.local.state import DEFAULT, locate


def doctor(
    state: Annotated[
        Path | None, typer.Option("--state", help=f"State folder; default POINTSMAN_STATE, else ./{DEFAULT}.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array on standard output.")] = False,
) -> None:
    """Check this machine, one line a thing, and say what to do; exit code 1 when something is missing."""
    checks = examine(locate(state))
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        console = Console()
        for check in checks:
            mark = "[green]ok  [/]" if check.ok else "[red]no  [/]"
            advice = "" if check.advice is None else f": {check.advice}"
            console.print(f"{mark}{check.name:<9}{check.found}{advice}")
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
