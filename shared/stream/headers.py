"""Record headers: the trace context that travels along, and what a dead letter says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.stream.records import Position, Record

#: W3C trace context.
_TRACE = ("traceparent", "tracestate")
#: Its specification asks for 512 at least; what is longer is no trace, and would be copied into every record.
_MAX_TRACE_BYTES = 1024
_TOPIC, _PARTITION, _OFFSET = "dead-topic", "dead-partition", "dead-offset"
_ERROR, _MESSAGE, _TRIES, _INSTANCE = "dead-error", "dead-message", "dead-tries", "dead-instance"
_DEAD = frozenset((_TOPIC, _PARTITION, _OFFSET, _ERROR, _MESSAGE, _TRIES, _INSTANCE))


def passed_on(record: Record) -> dict[str, bytes]:
    """The headers that a record's outgoing records carry along: its trace context."""
    return {name: record.headers[name] for name in _TRACE if 0 < len(record.headers.get(name, b"")) <= _MAX_TRACE_BYTES}


@dataclass(frozen=True, slots=True)
class Death:
    """Where a dead letter comes from, why it died, and how often it was tried."""

    position: Position
    #: Class of the error, e.g. `RefusedError`.
    error: str
    message: str
    tries: int
    instance: str

    def headers(self) -> dict[str, bytes]:
        texts = {
            _TOPIC: self.position.topic,
            _PARTITION: str(self.position.partition),
            _OFFSET: str(self.position.offset),
            _ERROR: self.error,
            _MESSAGE: self.message,
            _TRIES: str(self.tries),
            _INSTANCE: self.instance,
        }
        return {name: text.encode() for name, text in texts.items()}

    @classmethod
    def of(cls, headers: Mapping[str, bytes]) -> "Death":
        """Read them back; raises KeyError when these are not a dead letter's headers."""
        text = {name: headers[name].decode() for name in _DEAD}
        position = Position(text[_TOPIC], int(text[_PARTITION]), int(text[_OFFSET]))
        return cls(position, text[_ERROR], text[_MESSAGE], int(text[_TRIES]), text[_INSTANCE])


def original(headers: Mapping[str, bytes]) -> dict[str, bytes]:
    """A dead letter's headers without those that dying added."""
    return {name: value for name, value in headers.items() if name not in _DEAD}
