"""Records as the handlers see them: bytes with an address, nothing of Kafka's client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Position(NamedTuple):
    """Where a record lies; unique in the fleet."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record that was read."""

    position: Position
    value: bytes
    #: Seconds since the epoch on the broker's clock (LogAppendTime).
    appended_at: float
    key: bytes | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to produce."""

    topic: str
    value: bytes
    #: None leaves the choice to the producer (by key, else round robin).
    partition: int | None = None
    key: bytes | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Where the broker put a record, and when."""

    position: Position
    #: Seconds since the epoch on the broker's clock; None when the topic is not LogAppendTime.
    appended_at: float | None
