"""Processes that an earlier fleet of this folder left behind when it was killed."""

import psutil

from pointsman.local.state import ProcessEntry, State

_PATIENCE_S = 15


def reap(state: State) -> None:
    """End them, so that no two processes act under one name; strangers that have their pids now are left alone."""
    ours = [process for entry in state.processes().values() if (process := _alive(entry)) is not None]
    for process in ours:
        process.terminate()
    for process in psutil.wait_procs(ours, timeout=_PATIENCE_S)[1]:
        process.kill()


def _alive(entry: ProcessEntry) -> psutil.Process | None:
    """A pid alone may be anybody's by now; together with its start time it is one process."""
    if entry.pid is None or entry.started_at is None:
        return None
    try:
        process = psutil.Process(entry.pid)
        return process if abs(process.create_time() - entry.started_at) < 1 else None
    except psutil.NoSuchProcess:
        return None
