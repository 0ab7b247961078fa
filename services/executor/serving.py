"""What this process keeps of each LLM, and what all of them share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.executor.circuit import Circuit
from services.executor.claiming import Claiming
from services.executor.endpoint import Endpoint
from services.executor.ledger import Ledger
from services.executor.pace import Pace
from services.executor.speed import Speed
from services.executor.turns import Turns
from shared.database.claims import Claims, Holder
from shared.messages import Llm
from shared.metrics import Metrics
from shared.stream.calls import Calls
from shared.stream.concurrent import PartitionView
from shared.stream.handlers import Produce
from shared.stream.records import Position, Record
from shared.stream.retry import Retry
from shared.topics import slots_of


@dataclass(slots=True)
class Serving:
    """One LLM: its newest descriptor and all that is measured of it; outlives the lanes that are rebuilt."""

    llm: Llm
    endpoint: Endpoint
    circuit: Circuit
    ledger: Ledger
    pace: Pace = field(default_factory=Pace)
    speed: Speed = field(default_factory=Speed)
    turns: Turns = field(default_factory=Turns)
    calls: Calls = field(default_factory=Calls)
    #: The owned partitions, as the running lane knows them.
    partitions: Callable[[], list[PartitionView]] = list

    @property
    def closed(self) -> str | None:
        """Why no call is expected to succeed; None while none of that is known."""
        refusal = self.endpoint.refusal
        return self.circuit.reason if refusal is None else refusal.kind

    def slots(self, _topic: str, partition: int) -> int:
        """Calls at once in one partition number; 0 where the LLM has more partitions than it now needs."""
        count = min(self.llm.parallelism, 8)
        return slots_of(self.llm.parallelism, partition, count) if partition < count else 0

    def share(self, partition: int) -> float:
        """Of the LLM's slots, the part in owned partitions, `partition` included: who calls from it may own it no more.

        The shares of all replicas add up to 1, while none gives a partition up.
        """
        numbers = {partition, *(view.partition for view in self.partitions())}
        slots = sum(self.slots("", number) for number in numbers)
        return max(slots, 1) / self.llm.parallelism


@dataclass(frozen=True, slots=True)
class Shared:
    """What the handlers of all LLMs of this process have in common."""

    holder: Holder
    claims: Claims
    claiming: Claiming
    produce: Produce
    retry: Retry
    metrics: Metrics
    #: Broker time, seconds since the epoch.
    clock: Callable[[], float]
    #: Reads a response that was produced before; None when the broker no longer keeps it.
    read_at: Callable[[Position], Awaitable[Record | None]]
    home_partitions: int
    #: A provider's retry-after up to this long is waited out inside the attempt.
    retry_after_s: float
