"""Bars on standard error for work of several stages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import progress as bars
from rich.console import Console

if TYPE_CHECKING:
    from pointsman.training.progress import Progress


@contextmanager
def shown() -> "Iterator[Progress]":
    """A bar for each stage, from when it is first told of."""
    columns = (bars.TextColumn("{task.description}", markup=False), bars.BarColumn(), bars.MofNCompleteColumn())
    console = Console(stderr=True)
    # Where nobody looks on, an error must stay the only line.
    hidden = not console.is_terminal
    with bars.Progress(*columns, bars.TimeElapsedColumn(), console=console, disable=hidden) as display:
        tasks: dict[str, bars.TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = display.add_task(stage, total=total)
            display.update(tasks[stage], completed=done)

        yield tell
