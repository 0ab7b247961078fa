"""What all lanes have in common: how they are told what to read, and what the supervisor needs of them."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """Where a lane reads, and as whom."""

    name: str
    #: Bootstrap servers.
    kafka: str
    group: str
    topics: tuple[str, ...]
    #: Name of this member in the group; assignors order members by it.
    instance: str
    #: Keep the partitions of a member that comes back under its name within the session timeout.
    static: bool = False
    #: Where a group begins that never committed.
    start: Literal["earliest", "latest"] = "earliest"


class Lane(Protocol):
    """One supervised reader."""

    @property
    def name(self) -> str: ...

    async def run(self) -> None:
        """Read until stop(); whatever else ends it is raised, after closing its clients. Runs once."""
        ...

    async def stop(self) -> None:
        """Drain, commit, leave; returns when run() has ended."""
        ...

    def ready(self) -> bool:
        """It owns its partitions, or has read what there was at its start."""
        ...

    def lag(self) -> int:
        """Records appended to its partitions and not finished, as of the last fetch."""
        ...

    def progress_age_s(self) -> float:
        """Seconds since it last got something done; 0 without lag."""
        ...


def member_id(llm: str, instance: str) -> str:
    """Name an executor's member in an LLM's group so that each LLM orders the executors differently.

    Assignors give the first members one partition more; without this the lexically first would get it of every LLM.

    >>> member_id("small", "executor-1")[8:]
    '-executor-1'
    """
    return f"{sha256((llm + instance).encode()).hexdigest()[:8]}-{instance}"
