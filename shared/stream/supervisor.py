"""A service: supervised lanes and timers, a health server, and an orderly end."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import JsonValue

from shared.logs import get
from shared.metrics import Metrics
from shared.settings import FleetSettings
from shared.stream.clock import BrokerClock
from shared.stream.health import HealthServer
from shared.stream.lane import Lane
from shared.stream.membership import cancel
from shared.stream.retry import delays_s

_log = get(__name__)
#: A lane that ran this long was well.
_WELL_AFTER_S = 60.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class _Supervised:
    """One lane by name, whichever build of it runs now."""

    build: Callable[[], Lane]
    lane: Lane | None = None
    task: asyncio.Task[None] | None = None
    failing_since: float | None = None
    #: When the present build began.
    began: float = 0.0
    stopping: bool = False

    def is_well(self) -> bool:
        """The present build has run long enough to forget those that failed."""
        return self.lane is not None and self.lane.ready() and time.monotonic() - self.began > _WELL_AFTER_S

    def age_s(self) -> float:
        """Seconds without progress, those of failed builds included."""
        failing_s = 0.0 if self.failing_since is None or self.is_well() else time.monotonic() - self.failing_since
        return max(failing_s, 0.0 if self.lane is None else self.lane.progress_age_s())


class Supervisor:
    """Runs lanes and timers until SIGTERM or SIGINT, then drains them all. A second signal ends the process at once."""

    def __init__(self, service: str, settings: FleetSettings, metrics: Metrics, clock: BrokerClock) -> None:
        self._service = service
        self._settings = settings
        self._metrics = metrics
        metrics.clock_offset.set_function(lambda: clock.offset_s)
        self._lanes: dict[str, _Supervised] = {}
        self._timers: list[asyncio.Task[None]] = []
        self._checks: dict[str, Callable[[], bool]] = {}
        self._stopping = asyncio.Event()
        #: The health server's port, once run() listens.
        self.port: int | None = None

    def start(self, name: str, build: Callable[[], Lane]) -> None:
        """Keep a lane running: after a failure it is built anew, with new clients, after a backoff."""
        self._metrics.lane_restarts.labels(name)
        supervised = self._lanes[name] = _Supervised(build)
        supervised.task = asyncio.create_task(self._keep(name, supervised), name=name)

    async def stop(self, name: str) -> None:
        """Drain one lane and forget it."""
        supervised = self._lanes[name]
        await self._end(supervised)
        del self._lanes[name]

    def every(self, name: str, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
        """Call again and again; a failure is logged and the next call comes as usual."""
        self._timers.append(asyncio.create_task(self._tick(name, seconds, call), name=name))

    def once(self, name: str, call: Callable[[], Awaitable[None]]) -> None:
        """Call until it succeeds, with backoff; /ready waits for that."""
        done = asyncio.Event()
        self._timers.append(asyncio.create_task(self._succeed(name, call, done), name=name))
        self.ready_when(name, done.is_set)

    def ready_when(self, name: str, check: Callable[[], bool]) -> None:
        """/ready waits for `check` to be true, besides all lanes."""
        self._checks[name] = check

    async def run(self) -> None:
        """Serve until a signal, then drain; the caller closes what it opened."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._signalled)
        server = HealthServer(self._health, self._ready, self._metrics.registry)
        settings = self._settings
        self.port = await server.start(settings.health_host, settings.health_port, settings.health_file)
        _log.info("service started", port=self.port)
        try:
            await self._stopping.wait()
            _log.info("service stopping")
            await asyncio.gather(*(self._end(lane) for lane in self._lanes.values()))
        finally:
            await cancel(self._timers)
            await server.stop()
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
            _log.info("service stopped")

    def end(self) -> None:
        """What the first signal does: run() drains and returns."""
        self._stopping.set()

    def _signalled(self) -> None:
        if self._stopping.is_set():
            os._exit(1)
        self.end()

    async def _keep(self, name: str, supervised: _Supervised) -> None:
        delays = delays_s(0.5, 30)
        while not supervised.stopping:
            supervised.began = time.monotonic()
            if await self._survived(name, lambda: self._run(supervised)):
                return
            self._metrics.lane_restarts.labels(name).inc()
            if time.monotonic() - supervised.began > _WELL_AFTER_S:
                delays, supervised.failing_since = delays_s(0.5, 30), None
            if supervised.failing_since is None:
                supervised.failing_since = time.monotonic()
            await asyncio.sleep(next(delays))

    async def _run(self, supervised: _Supervised) -> None:
        supervised.lane = supervised.build()
        await supervised.lane.run()

    async def _end(self, supervised: _Supervised) -> None:
        supervised.stopping = True
        if supervised.lane is not None:
            await supervised.lane.stop()
        if supervised.task is not None:
            await cancel([supervised.task])

    async def _tick(self, name: str, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._survived(name, call)

    async def _succeed(self, name: str, call: Callable[[], Awaitable[None]], done: asyncio.Event) -> None:
        for delay_s in delays_s(0.5, 30):
            if await self._survived(name, call):
                break
            await asyncio.sleep(delay_s)
        done.set()

    async def _survived(self, name: str, call: Callable[[], Awaitable[None]]) -> bool:
        """False when it failed: the one place where any error is survived, as lanes and timers must go on."""
        try:
            await call()
        except Exception as error:  # noqa: BLE001
            _log.error("failed, will be tried again", name=name, error=repr(error), exc_info=error)
            return False
        return True

    def _health(self) -> tuple[bool, dict[str, JsonValue]]:
        lanes: dict[str, JsonValue] = {}
        well = True
        for name, supervised in self._lanes.items():
            age_s = supervised.age_s()
            lane_well = age_s < self._settings.progress_limit_s
            lag = None if supervised.lane is None else supervised.lane.lag()
            lanes[name] = {"ok": lane_well, "lag": lag, "progress_age_s": round(age_s, 1)}
            well = well and lane_well
        return well, {"service": self._service, "instance": self._settings.instance, "ok": well, "lanes": lanes}

    def _ready(self) -> tuple[bool, dict[str, JsonValue]]:
        waiting: list[JsonValue] = [
            name for name, one in self._lanes.items() if one.lane is None or not one.lane.ready()
        ]
        waiting += [name for name, check in self._checks.items() if not check()]
        ready = not waiting and not self._stopping.is_set()
        return ready, {"service": self._service, "ready": ready, "waiting_for": waiting}
