"""What the fleet's processes use, the broker and the database among them, and the process that measures."""

from dataclasses import dataclass

import psutil

from pointsman.local.overview import memory_mb
from pointsman.local.state import State

#: The process that sends the queries and reads what became of them.
CLIENT = "this benchmark"


@dataclass(frozen=True, slots=True)
class Usage:
    """One process and its descendants at one moment."""

    #: Since its start.
    cpu_s: float
    #: Resident: pages that several processes map (their libraries) count for each.
    resident_mb: float
    #: The same with such pages by their share: what the machine pays for this process.
    memory_mb: float


def usage(state: State) -> dict[str, Usage]:
    """What each process of the fleet in `state` has used, by its name, and what this one has."""
    pids = {name: entry.pid for name, entry in sorted(state.processes().items()) if entry.pid is not None}
    return {name: _usage(psutil.Process(pid)) for name, pid in pids.items()} | {CLIENT: _usage(psutil.Process())}


def _usage(process: psutil.Process) -> Usage:
    family = (process, *process.children(recursive=True))
    spent = [one.cpu_times() for one in family]
    return Usage(
        cpu_s=sum(one.user + one.system for one in spent),
        resident_mb=sum(one.memory_info().rss for one in family) / 1e6,
        memory_mb=memory_mb(process.pid) or 0.0,
    )
