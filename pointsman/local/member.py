"""One member of the fleet: a program that is started again, with backoff, whenever it ends."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from pointsman.local.process import Child, Program
from pointsman.local.state import ProcessEntry
from shared.errors import PointsmanError, TransientError

#: The wait before a start doubles from the first to the last of these, seconds.
_BACKOFF_S = (0.5, 30.0)
#: A process that lived this long is forgiven its earlier deaths.
_STEADY_S = 60.0


class Member:
    """Keeps one program running until it is stopped."""

    def __init__(
        self, name: str, build: Callable[[], Program], log: Path, changed: Callable[[], None], patience: int = 3
    ) -> None:
        """`build` is called before each start, off the event loop; `changed` after each change of `entry`."""
        self.name = name
        self.restarts = 0
        self.status = "starting"
        #: Why it ended last; None while it never did.
        self.failure: str | None = None
        self._build = build
        self._log = log
        self._changed = changed
        self._patience = patience
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()

    def start(self) -> None:
        """Begin to keep it running."""
        self._task = asyncio.create_task(self._keep(), name=self.name)

    async def until_ready(self, timeout_s: float) -> None:
        """Return when it is ready; raises TransientError when it ended `patience` times or takes too long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), timeout_s)
        if self.status != "ready":
            raise TransientError(self.failure or f"{self.name} is not ready after {timeout_s:.0f} s; see {self._log}")

    async def stop(self) -> None:
        """End the process; it is not started again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        if self._child is not None:
            await self._child.stop()
        self._set("stopped")

    def kill(self) -> None:
        """End the process without asking."""
        if self._child is not None:
            self._child.kill()

    def entry(self) -> ProcessEntry:
        """What others may know of it."""
        pid = None if self._child is None else self._child.pid
        return ProcessEntry(
            pid=pid,
            started_at=None if pid is None else psutil.Process(pid).create_time(),
            status=self.status,
            restarts=self.restarts,
            health=None if self._child is None else self._child.program.health(),
        )

    async def _keep(self) -> None:
        wait_s = _BACKOFF_S[0]
        while True:
            started = time.monotonic()
            try:
                await self._run_once()
            except PointsmanError as error:
                self.failure = str(error)
                if self.restarts + 1 >= self._patience:
                    self._settled.set()
            if time.monotonic() - started > _STEADY_S:
                wait_s = _BACKOFF_S[0]
            self._set(f"restarts in {wait_s:.1f} s")
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _BACKOFF_S[1])
            self.restarts += 1

    async def _run_once(self) -> None:
        self._set("starting")
        child = self._child = Child(await asyncio.to_thread(self._build), self._log)
        child.start()
        self._changed()
        await child.until_ready()
        self._set("ready")
        self._settled.set()
        await child.ended()
        raise child.failure()

    def _set(self, status: str) -> None:
        self.status = status
        self._changed()
