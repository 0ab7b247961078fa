"""Topic `capacity`: what every decision replica knows of every LLM's queue."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from shared.errors import PermanentError
from shared.messages.message import Message, describe


class PartitionCapacity(Message):
    """One dispatch partition as its owner sees it."""

    topic: str
    partition: int
    #: First offset the owner has not read; dispatches at or past it are still outstanding.
    next_offset: int
    #: Broker time at which the owner was assigned it; the newest owner's word counts.
    owned_since: float
    slots: int
    #: Predicted seconds of records fetched and waiting.
    queued_s: float
    #: Predicted seconds left of calls in flight.
    remaining_s: float
    in_flight: int


class ExecutorCapacity(Message):
    """An executor's announcement for one LLM, each second and on change."""

    kind: Literal["executor"] = "executor"
    llm: str
    instance: str
    #: Broker time, seconds since the epoch.
    at: float
    partitions: tuple[PartitionCapacity, ...]
    #: Measured (EWMA); None before the first answer.
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    #: Reported prompt tokens over the encoder's count (EWMA).
    prompt_token_ratio: float | None = None
    parallelism: int
    #: False: circuit open or auth refused; chosen only when no other candidate is.
    healthy: bool = True
    reason: str | None = None


class DispatchNote(Message):
    """Left by decision after each acknowledged dispatch."""

    kind: Literal["dispatch"] = "dispatch"
    llm: str
    topic: str
    partition: int
    offset: int
    service_s: float


Capacity = ExecutorCapacity | DispatchNote
_either: TypeAdapter[Capacity] = TypeAdapter(Annotated[Capacity, Field(discriminator="kind")])


def decode_capacity(value: bytes) -> Capacity:
    """Read either kind of capacity record; raises PermanentError."""
    try:
        return _either.validate_json(value)
    except ValidationError as error:
        raise PermanentError(f"expected a capacity record as JSON, {describe(error)}") from error
