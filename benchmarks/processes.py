"""What the fleet's processes use."""

from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from pointsman.local.overview import memory_mb
from pointsman.local.state import State

_CPU, _MEMORY = "process_cpu_seconds_total", "process_resident_memory_bytes"


@dataclass(frozen=True, slots=True)
class Usage:
    """One process at one moment."""

    #: Since its start.
    cpu_s: float
    #: Resident: pages that several processes map (their libraries) count for each.
    resident_mb: float
    #: The same with such pages by their share: what the machine pays for this process.
    memory_mb: float


async def usage(state: State) -> dict[str, Usage]:
    """What each process of the fleet in `state` has used, by its name."""
    async with httpx.AsyncClient(timeout=10) as client:
        return {
            name: _parse((await client.get(f"{entry.health}/metrics")).text, memory_mb(entry.pid) or 0.0)
            for name, entry in sorted(state.processes().items())
            if entry.health is not None and entry.pid is not None
        }


def _parse(text: str, memory_mb: float) -> Usage:
    samples = {
        sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples
    }
    return Usage(samples[_CPU], samples[_MEMORY] / 1e6, memory_mb)
