"""How every process of a fleet fares right now: its entry in the state folder, its memory, its metrics."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import httpx
import psutil
from pydantic import JsonValue

from pointsman.local.queues import Queue, queues
from pointsman.local.state import ProcessEntry, State


@dataclass(frozen=True, slots=True)
class Row:
    """One process."""

    service: str
    pid: int | None
    status: str
    restarts: int
    memory_mb: float | None
    #: Finished since the last look; None at the first.
    records_per_s: float | None
    #: Records appended and not finished; None where it reads none.
    lag: int | None
    #: Whether its lanes make progress, by its own account; None where it gives none.
    healthy: bool | None

    def as_json(self) -> dict[str, JsonValue]:
        return asdict(self)


class Overview:
    """Looks at a fleet again and again; rates are those between two looks."""

    def __init__(self, state: State, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._before: dict[str, tuple[float, float]] = {}
        #: Of each LLM, as of the last look.
        self.queues: list[Queue] = []

    async def look(self, client: httpx.AsyncClient) -> list[Row]:
        """One row a process; one that does not answer within the client's timeout is not healthy."""
        entries = self._state.processes()
        answers = await asyncio.gather(*(_ask(client, entry) for entry in entries.values()))
        self.queues = queues(metrics for _, metrics in answers)
        return [
            self._row(name, entry, healthy, metrics)
            for (name, entry), (healthy, metrics) in zip(entries.items(), answers, strict=True)
        ]

    def _row(self, name: str, entry: ProcessEntry, healthy: bool | None, metrics: str) -> Row:
        return Row(
            service=name,
            pid=entry.pid,
            status=entry.status,
            restarts=entry.restarts,
            memory_mb=None if entry.pid is None else memory_mb(entry.pid),
            records_per_s=self._rate(name, total(metrics, "pointsman_records_total")),
            lag=_lag(metrics),
            healthy=healthy,
        )

    def _rate(self, name: str, records: float | None) -> float | None:
        if records is None:
            return None
        now = self._clock()
        before, self._before[name] = self._before.get(name), (now, records)
        if before is None or before[1] > records or now <= before[0]:
            return None
        return (records - before[1]) / (now - before[0])


def observer() -> httpx.AsyncClient:
    """A client for looks at processes on this machine."""
    return httpx.AsyncClient(timeout=2, trust_env=False)


def total(metrics: str, name: str) -> float | None:
    """The sum over a metric's labels; None when there is no sample.

    >>> total('a_total{x="1"} 2.0\\na_total{x="2"} 3.0\\na_total_created 9.0', "a_total")
    5.0
    """
    samples = [
        float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith((f"{name}{{", f"{name} "))
    ]
    return sum(samples) if samples else None


def _lag(metrics: str) -> int | None:
    """A process's own, or its group's where it knows no other."""
    own, group = (total(metrics, f"pointsman_{name}") for name in ("lag_records", "recorder_lag_records"))
    lag = group if own is None else own
    return None if lag is None else int(lag)


async def _ask(client: httpx.AsyncClient, entry: ProcessEntry) -> tuple[bool | None, str]:
    """Whether it is healthy, and its metrics."""
    return await asyncio.gather(_healthy(client, entry), _metrics(client, entry))


async def _healthy(client: httpx.AsyncClient, entry: ProcessEntry) -> bool | None:
    if entry.health is None:
        return None
    try:
        return (await client.get(f"{entry.health}/health")).is_success
    except httpx.HTTPError:
        return False


async def _metrics(client: httpx.AsyncClient, entry: ProcessEntry) -> str:
    if entry.health is None:
        return ""
    try:
        response = await client.get(f"{entry.health}/metrics")
    except httpx.HTTPError:
        return ""
    return response.text if response.is_success else ""


def memory_mb(pid: int) -> float | None:
    """What a process and its descendants take of this machine's memory, MB; None when it has ended.

    A page that several processes map (their libraries, most of all) counts by its share, where the system tells: so the
    processes of a fleet add up to what the fleet takes.
    """
    try:
        process = psutil.Process(pid)
        return sum(map(_own_bytes, (process, *process.children(recursive=True)))) / 1e6
    except psutil.Error:
        return None


def _own_bytes(process: psutil.Process) -> int:
    full = process.memory_full_info()
    own: int = getattr(full, "pss", full.uss)
    return own
