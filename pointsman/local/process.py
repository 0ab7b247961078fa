"""One child process: started in a session of its own, logged to a file, gone when its parent is."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from shared.errors import TransientError

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to end it."""

    name: str
    command: tuple[str, ...]
    #: Added to the parent's environment.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Whether it serves its purpose yet; asked again and again after the start.
    ready: Callable[[], bool] = lambda: True
    #: Asks it to finish; after `stop_s` it is killed.
    stop_signal: signal.Signals = signal.SIGTERM
    stop_s: float = 30
    #: What the kernel sends it when its parent dies (Linux).
    orphan_signal: signal.Signals = signal.SIGKILL
    #: (user id, group id) to run as; None: the parent's.
    owner: tuple[int, int] | None = None


class Child:
    """A program's process. Start it from the main thread: the kernel takes that thread for the parent."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None before the start and after the end."""
        return self._process.pid if self._process is not None and self.alive() else None

    @property
    def exit_code(self) -> int | None:
        """None before the start and while it runs."""
        return None if self._process is None else self._process.poll()

    def alive(self) -> bool:
        """Whether the process runs; a dead one is reaped."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; its output is appended to the log."""
        owner = self.program.owner
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.program.command,
                env=os.environ | dict(self.program.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=None if owner is None else owner[0],
                group=None if owner is None else owner[1],
                extra_groups=None if owner is None else [],
                preexec_fn=_follow_parent(self.program.orphan_signal),
            )

    async def until_ready(self, timeout_s: float) -> None:
        """Return when the program is ready; raises TransientError with the end of its log when it dies or is late."""
        deadline = time.monotonic() + timeout_s
        while not await asyncio.to_thread(self.program.ready):
            if not self.alive() or time.monotonic() > deadline:
                why = f"ended with code {self.exit_code}" if not self.alive() else f"is not ready after {timeout_s} s"
                raise TransientError(f"{self.program.name} {why}; see {self.log}: {_tail(self.log)}")
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Ask it to finish, wait, and kill what is left of it."""
        if self._process is None or not self.alive():
            return
        self._process.send_signal(self.program.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, self.program.stop_s)
        self.kill()

    def kill(self) -> None:
        """End the process and its descendants at once."""
        if self._process is None or not self.alive():
            return
        for process in (*psutil.Process(self._process.pid).children(recursive=True), self._process):
            process.kill()
        self._process.wait()


def _follow_parent(orphan_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child does before it becomes the program: ask to be told when the parent dies. Linux only."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def follow() -> None:
        prctl(_PR_SET_PDEATHSIG, int(orphan_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return follow


def _tail(log: Path, size: int = 600) -> str:
    return log.read_bytes()[-size:].decode(errors="replace").strip() if log.exists() else ""
