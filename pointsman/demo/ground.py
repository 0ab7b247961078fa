"""What must be there before the demo starts anything, and that nobody else runs one in the same folder."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pointsman.local import kafka, stale
from pointsman.local.checks import examine
from pointsman.local.holding import held
from pointsman.local.state import State
from shared.errors import PermanentError, TransientError

#: Fetched below when it is missing.
_FETCHED = "kafka"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder while the block runs; raises PermanentError naming the process that has it."""

    def taken(pid: int) -> str:
        return (
            f"a demo runs in {folder} already, as process {pid}; wait for its end, or choose another folder with --out"
        )

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise PermanentError(f"cannot write to {folder}: {error.strerror}; choose another with --out") from error
    with lock, held(lock, taken):
        yield


@contextmanager
def scene(folder: Path, *, kept: bool) -> Iterator[None]:
    """An empty state folder while the block runs; what an earlier demo left there, processes too, is removed.

    It stays after a TransientError, which names logs in it.
    """
    state = State(folder)
    if state.running_pid() is not None:
        raise PermanentError(
            f"a fleet runs in {folder}, as process {state.running_pid()}; end it: pointsman down --state {folder}"
        )
    stale.reap(state)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield
    except TransientError:
        kept = True
        raise
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def prepare(folder: Path) -> None:
    """Check this machine and fetch Kafka where that is missing.

    Raises PermanentError saying what to do where the machine cannot run a fleet, TransientError without a network.
    """
    for check in examine(folder):
        if not check.ok and check.name != _FETCHED:
            raise PermanentError(f"{check.name}: {check.found}, which does not do for a fleet; {check.advice}")
    kafka.fetch()
