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
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to end it."""

    name: str
    command: tuple[str, ...]
    #: Added to the parent's environment.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Whether it serves its purpose yet; asked again and again after the start, off the event loop.
    ready: Callable[[], bool] = lambda: True
    #: Where it answers /health and /metrics; None while or if it does not.
    health: Callable[[], str | None] = lambda: None
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
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None before the start and after the end."""
        return self._process.pid if self._process is not None and self.alive() else None

    def alive(self) -> bool:
        """Whether the process runs; a dead one is reaped."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; its output is appended to the log."""
        user, group = self.program.owner or (None, None)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self.program.command,
                env=os.environ | dict(self.program.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                preexec_fn=_follow_parent(self.program.orphan_signal),
            )

    async def until_ready(self, timeout_s: float = float("inf")) -> None:
        """Return when the program is ready; raises TransientError with the end of its log when it dies or is late."""
        deadline = time.monotonic() + timeout_s
        while not await asyncio.to_thread(self.program.ready):
            if not self.alive():
                raise self.failure()
            if time.monotonic() > deadline:
                raise TransientError(f"{self.program.name} is not ready after {timeout_s:.0f} s; see {self._log}")
            await asyncio.sleep(_POLL_S)

    async def ended(self) -> int:
        """Its exit code, once it has one; negative is a signal."""
        while True:
            code = 0 if self._process is None else self._process.poll()
            if code is not None:
                return code
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> None:
        """Ask it to finish, wait, and kill what is left of it."""
        if self._process is None or not self.alive():
            return
        self._process.send_signal(self.program.stop_signal)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), self.program.stop_s)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process and its descendants at once."""
        if self._process is None or not self.alive():
            return
        with suppress(psutil.NoSuchProcess):
            for descendant in psutil.Process(self._process.pid).children(recursive=True):
                descendant.kill()
        self._process.kill()
        self._process.wait()

    def failure(self) -> TransientError:
        """Why it is not there any more, as far as its code and log tell."""
        code = None if self._process is None else self._process.returncode
        return TransientError(f"{self.program.name} ended with code {code}: {self._last_line()} (see {self._log})")

    def _last_line(self) -> str:
        lines = self._log.read_bytes()[-4096:].decode(errors="replace").splitlines() if self._log.exists() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")


def _follow_parent(orphan_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child does before it becomes the program: ask to be told when the parent dies. Linux only."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def follow() -> None:
        prctl(_PR_SET_PDEATHSIG, int(orphan_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return follow
