"""The live table, on a terminal of its own."""

import asyncio
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from pointsman.local.state import ProcessEntry, State
from pointsman.local.table import follow


@pytest.fixture
def terminal() -> Iterator[tuple[int, Console]]:
    """The reading end, and a console on the other."""
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w", encoding="utf-8") as output:
        yield reading, Console(file=output, force_terminal=True, width=100, height=30, color_system=None)
    os.close(reading)


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path)
    entry = ProcessEntry(pid=None, started_at=None, status="starting", restarts=0, health=None)
    state.write_processes(
        {"decision": entry, "kafka": entry.model_copy(update={"status": "ready", "pid": os.getpid()})}
    )
    return state


async def test_the_table_is_drawn_in_place_until_told(
    state: State, terminal: tuple[int, Console], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pointsman.local.table._EVERY_S", 0.01)
    reading, console = terminal
    looks = iter([True, True, False])

    await asyncio.wait_for(follow(state, console, "fleet here", lambda: next(looks)), 30)

    drawn = os.read(reading, 65_536).decode()
    assert "fleet here" in drawn
    assert "decision" in drawn
    assert str(os.getpid()) in drawn
    assert "None" not in drawn
    # Moved up over the first table: the second takes its place.
    assert "\x1b[1A" in drawn
    # The cursor is hidden while it draws, and shown in the end.
    assert drawn.index("\x1b[?25l") < drawn.rindex("\x1b[?25h")
