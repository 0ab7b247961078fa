"""How far long work is, told to whoever draws bars."""

from typing import Protocol


class Progress(Protocol):
    """Told how far a stage is."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def nobody(stage: str, done: int, total: int) -> None:
    """A Progress that nobody looks at."""
