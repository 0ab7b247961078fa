"""`pointsman demo`: the whole system at work, in a fleet of its own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.errors import ConfigurationError

_INTERRUPTED = 130


def demo(
    out: Annotated[Path, typer.Option(help="Folder for index.html, report.json and the fleet's state.")] = Path("demo"),
    queries: Annotated[int, typer.Option(min=50, help="How many are routed.")] = 300,
    data: Annotated[Path | None, typer.Option(help="Replay the recorded answers of this folder.")] = None,
    pool: Annotated[str | None, typer.Option(help="Pool of the folder's pools.json.")] = None,
    llms: Annotated[
        Path | None, typer.Option(help="Folder of *.env descriptors of real LLMs to ask; this costs money.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the fleet until Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option(help="Of which queries are asked.")] = 1,
) -> None:
    """Start a fleet, train it, route queries through it, disturb it, and show what came of it.

    Needs nothing that runs already, and leaves nothing running. Without --data or --llms its queries are generated
    exercises, and its LLMs simulated with skills of their own.

    Examples:

      pointsman demo

      pointsman demo --data ../shared/data --pool zeroeval_13
    """
    if (data is None) != (pool is None):
        raise ConfigurationError("--data and --pool go together: the folder of recorded answers and the pool in it")
    if data is not None and llms is not None:
        raise ConfigurationError("--llms asks real LLMs and --data replays recorded ones; choose one of them")
    # Late: they import what takes seconds.
    from pointsman.demo.options import DemoOptions
    from pointsman.demo.show import show

    out = out.resolve()
    options = DemoOptions(
        out=out,
        queries=queries,
        data=None if data is None else data.resolve(),
        pool=pool,
        llms=None if llms is None else llms.resolve(),
        keep=keep,
        seed=seed,
    )
    if not show(options, Console()):
        raise typer.Exit(_INTERRUPTED)
