"""The ports a service implements; a lane calls them. No Kafka, and no clock but the one handed in."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from shared.errors import PermanentError
from shared.stream.records import Acknowledgement, Outgoing, Record

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

#: Bytes in, one of our own models out; raises PermanentError when the bytes are not one.
Decode = Callable[[Record], T]


class Produce(Protocol):
    """Hands records to the broker and returns when all are acknowledged, in the same order.

    Raises TransientError when the broker is away, PermanentError when it will never take one (too large).
    """

    async def __call__(self, outgoing: Sequence[Outgoing]) -> Sequence[Acknowledgement]: ...


class Refuse(Protocol):
    """The terminal responses owed for a record that is about to be dead-lettered; often none."""

    def __call__(self, record: Record, error: PermanentError) -> Sequence[Outgoing]: ...


class BatchHandler(Protocol[T_contra]):
    """Many records in, their outgoing records out; embedder and predictor."""

    async def handle(self, batch: Sequence[tuple[Record, T_contra]]) -> Sequence[Outgoing]:
        """Return what must be acknowledged before the batch is finished.

        A TransientError is tried again in place. After a PermanentError the lane handles the records one by one,
        and dead-letters only those that raise alone.
        """
        ...


class ConcurrentHandler(Protocol[T_contra]):
    """One slow record at a time in each slot; executor."""

    async def handle(self, record: Record, message: T_contra) -> None:
        """Return when the record is finished: all its effects are durable."""
        ...


class JoinHandler(Protocol):
    """Several topics, each record finished when the handler says so; decision.

    The lane hands it `finish` by `bind`; the handler calls it once per record, any time later.
    """

    def bind(self, finish: Callable[[Record], None]) -> None: ...

    async def receive(self, record: Record) -> None: ...

    async def tick(self, now: float) -> None:
        """Called at least every 20 ms with broker time, seconds."""
        ...

    def forget(self, partitions: frozenset[int]) -> None:
        """These partition numbers went to another replica: drop what is unfinished, it will be read there."""
        ...

    def wants_pause(self) -> frozenset[str]:
        """Topics to pause because too many of their records are kept."""
        ...
