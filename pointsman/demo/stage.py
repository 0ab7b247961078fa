"""What people see while the demo runs: one line per stage, a bar where its end is known."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Stage:
    """Bars on a terminal, plain lines elsewhere; used as a context."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        #: Lines from now on, and no bars.
        self._plain = not console.is_terminal
        self._tasks: dict[str, TaskID] = {}
        self._saying: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bars as they are: what is printed from now on stands below them."""
        self.done()
        self._progress.stop()
        self._plain = True

    def say(self, text: str) -> None:
        """Begin something whose end is not known; what was said before is done."""
        self._line(text)
        self.done()
        self._saying = self._progress.add_task(text, total=None)

    def done(self) -> None:
        """What was said last is over."""
        if self._saying is not None:
            self._progress.update(self._saying, total=1, completed=1)
            self._saying = None

    def show(self, stage: str, done: int, total: int) -> None:
        """Draw the bar of that name so far."""
        if stage not in self._tasks:
            self._line(stage)
            self.done()
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)

    def note(self, text: str) -> None:
        """One lasting line between the bars."""
        self._console.print(text, highlight=False)

    def _line(self, text: str) -> None:
        if self._plain:
            self._console.print(text, highlight=False)
