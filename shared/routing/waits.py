"""Waits in predicted seconds of work, not in messages (method 1.6)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartitionLoad:
    """What stands before a new dispatch in one partition of an LLM's queue."""

    partition: int
    slots: int
    #: Predicted seconds of all work not done: in flight, fetched, and dispatched since.
    outstanding_s: float
    #: Dispatches that hold or will take a slot.
    busy: int

    @property
    def is_free(self) -> bool:
        return self.busy < self.slots

    @property
    def per_slot_s(self) -> float:
        return self.outstanding_s / self.slots


def service_s(first_token_s: float, response_tokens: float, tokens_per_s: float) -> float:
    """first_token_s + n_out / tokens_per_s: seconds of the answer itself (method 1.6).

    >>> service_s(0.5, 100, 50)
    2.5
    """
    return first_token_s + response_tokens / tokens_per_s


def wait_s(service: float, loads: Sequence[PartitionLoad]) -> float:
    """w_l = service_s while a slot is free, else outstanding_s / parallelism + service_s (method 1.6).

    Partitions without slots serve nobody and do not count.

    >>> wait_s(2.0, [PartitionLoad(0, slots=1, outstanding_s=6, busy=2), PartitionLoad(1, 1, outstanding_s=4, busy=1)])
    7.0
    >>> wait_s(2.0, [PartitionLoad(0, slots=1, outstanding_s=6, busy=2), PartitionLoad(1, 1, 0.0, busy=0)])
    2.0
    """
    serving = [load for load in loads if load.slots > 0]
    if not serving or any(load.is_free for load in serving):
        return service
    return sum(load.outstanding_s for load in serving) / sum(load.slots for load in serving) + service


def least_loaded(loads: Sequence[PartitionLoad]) -> PartitionLoad:
    """The partition for the next dispatch: one with a free slot, then the least outstanding seconds per slot.

    Raises ValueError when no partition has slots.

    >>> least_loaded([PartitionLoad(0, 1, 6.0, busy=1), PartitionLoad(1, 2, 8.0, busy=2)]).partition
    1
    """
    serving = [load for load in loads if load.slots > 0]
    return min(serving, key=lambda load: (not load.is_free, load.per_slot_s, load.busy / load.slots, load.partition))
