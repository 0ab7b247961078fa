"""The ports a service implements; a lane calls them. No Kafka, and no clock but the one handed in."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

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


class Watermark(NamedTuple):
    """How far one owned partition was read."""

    #: Append time of the last record read since the assignment; None before the first.
    appended_at: float | None
    #: Everything the broker had at the last fetch was read; False before the first fetch.
    at_end: bool


class JoinHandler(Protocol):
    """Several topics, each record finished when the handler says so; decision.

    `receive`, `tick` and `forget` never overlap. The topics are co-partitioned: a replica owns the same partition
    numbers of all of them.
    """

    def bind(self, finish: Callable[[Record], None], watermark: Callable[[str, int], Watermark]) -> None:
        """Called once, before anything else.

        `finish(record)` is called once per record, any time later, also from a task of the handler's own; for a record
        that was forgotten meanwhile it does nothing. `watermark(topic, partition)` tells how far that was read.
        """
        ...

    async def receive(self, record: Record) -> None:
        """Keep a record. A TransientError is tried again in place, a PermanentError dead-letters the record."""
        ...

    async def tick(self, now: float) -> None:
        """Called at least every 20 ms with broker time, seconds; also while a revoke drains (at most 3 s).

        A TransientError is logged and the next tick tries again.
        """
        ...

    def forget(self, partitions: frozenset[int]) -> None:
        """These partition numbers are no longer owned: drop what is unfinished, their next owner reads it again.

        Also called for partitions that come back to this replica right after: they are read again here.
        """
        ...

    def wants_pause(self) -> frozenset[str]:
        """Topics to pause because too many of their records are kept."""
        ...
