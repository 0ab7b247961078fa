"""Lanes are kept running, and a process says how it is."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from shared.errors import TransientError
from shared.metrics import Metrics
from shared.settings import FleetSettings
from shared.stream.clock import BrokerClock
from shared.stream.supervisor import Supervisor
from tests.integration.stream.harness import until


class Idle:
    """A lane that does nothing until it is stopped, or fails at once."""

    def __init__(self, error: Exception | None = None, age_s: float = 0) -> None:
        self.name = "idle"
        self.stopped = asyncio.Event()
        self._error = error
        self._age_s = age_s

    async def run(self) -> None:
        if self._error is not None:
            raise self._error
        await self.stopped.wait()

    async def stop(self) -> None:
        self.stopped.set()

    def ready(self) -> bool:
        return True

    def lag(self) -> int:
        return 3

    def progress_age_s(self) -> float:
        return self._age_s


Get = Callable[[str], Awaitable[tuple[int, str]]]


@asynccontextmanager
async def served(tmp_path: Path, metrics: Metrics | None = None) -> AsyncIterator[tuple[Supervisor, Get]]:
    file = tmp_path / "port"
    settings = FleetSettings(instance="here", health_file=file, progress_limit_s=100)
    supervisor = Supervisor("test", settings, metrics or Metrics(), BrokerClock())
    task = asyncio.create_task(supervisor.run())
    await until(file.exists)

    async def get(path: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{file.read_text()}{path}") as answer,
        ):
            return answer.status, await answer.text()

    try:
        yield supervisor, get
    finally:
        supervisor.end()
        await task


async def test_a_failed_lane_is_built_anew_until_one_lives(tmp_path: Path) -> None:
    metrics = Metrics()
    builds = [Idle(), Idle(RuntimeError("b")), Idle(RuntimeError("a"))]
    left = list(builds)

    async with served(tmp_path, metrics) as (supervisor, get):
        supervisor.start("lane", left.pop)
        await until(lambda: not left)
        _, text = await get("/metrics")

    assert 'pointsman_lane_restarts_total{lane="lane"} 2.0' in text
    assert builds[0].stopped.is_set()


async def test_a_lane_that_runs_again_is_forgiven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.stream.supervisor._WELL_AFTER_S", 3.0)
    left = [Idle(), Idle(RuntimeError("once"))]

    async with served(tmp_path) as (supervisor, get):
        supervisor.start("lane", left.pop)
        await until(lambda: not left)
        await asyncio.sleep(0.1)
        before = json.loads((await get("/health"))[1])["lanes"]["lane"]["progress_age_s"]
        deadline = time.monotonic() + 20
        while json.loads((await get("/health"))[1])["lanes"]["lane"]["progress_age_s"] and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        after = json.loads((await get("/health"))[1])["lanes"]["lane"]["progress_age_s"]

    assert before > 0
    assert after == 0


async def test_health_fails_for_a_lane_without_progress_and_says_which(tmp_path: Path) -> None:
    async with served(tmp_path) as (supervisor, get):
        supervisor.start("well", lambda: Idle(age_s=99))
        await until(lambda: True)
        await asyncio.sleep(0)
        well = await get("/health")
        supervisor.start("stuck", lambda: Idle(age_s=101))
        await asyncio.sleep(0)
        stuck = await get("/health")

    assert (well[0], stuck[0]) == (200, 503)
    assert json.loads(stuck[1])["lanes"] == {
        "well": {"ok": True, "lag": 3, "progress_age_s": 99},
        "stuck": {"ok": False, "lag": 3, "progress_age_s": 101},
    }


async def test_ready_waits_for_every_check(tmp_path: Path) -> None:
    caught_up = asyncio.Event()

    async with served(tmp_path) as (supervisor, get):
        supervisor.ready_when("llms", caught_up.is_set)
        before = await get("/ready")
        caught_up.set()
        after = await get("/ready")

    assert (before[0], json.loads(before[1])["waiting_for"]) == (503, ["llms"])
    assert after[0] == 200


async def test_a_timer_goes_on_after_a_failure(tmp_path: Path) -> None:
    calls: list[int] = []

    async def call() -> None:
        calls.append(len(calls))
        raise TransientError("away")

    async with served(tmp_path) as (supervisor, _):
        supervisor.every("timer", 0.01, call)
        await until(lambda: len(calls) >= 3)


async def test_a_signal_stops_all_lanes_and_a_stopped_lane_stays_stopped(tmp_path: Path) -> None:
    lanes = {"one": Idle(), "two": Idle()}

    async with served(tmp_path) as (supervisor, _):
        for name, lane in lanes.items():
            supervisor.start(name, lambda lane=lane: lane)
        await asyncio.sleep(0)
        await supervisor.stop("one")
        assert not lanes["two"].stopped.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        await lanes["two"].stopped.wait()

    assert lanes["one"].stopped.is_set()
