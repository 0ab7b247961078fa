"""What the fleet's processes use, from their own /metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

_CPU, _MEMORY = "process_cpu_seconds_total", "process_resident_memory_bytes"


@dataclass(frozen=True, slots=True)
class Usage:
    """One process at one moment."""

    #: Since its start.
    cpu_s: float
    memory_mb: float


async def usage(health: Mapping[str, str]) -> dict[str, Usage]:
    """What each process has used; `health` maps its name to its base URL."""
    async with httpx.AsyncClient(timeout=10) as client:
        return {name: _parse((await client.get(f"{url}/metrics")).text) for name, url in sorted(health.items())}


def _parse(text: str) -> Usage:
    samples = {
        sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples
    }
    return Usage(samples[_CPU], samples[_MEMORY] / 1e6)
