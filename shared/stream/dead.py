"""Dead letters: records that cannot be handled, kept as they came with a note of why."""

from collections.abc import Mapping

from shared.errors import PermanentError
from shared.logs import get
from shared.metrics import Metrics
from shared.stream.handlers import Refuse
from shared.stream.headers import Death
from shared.stream.records import Outgoing, Record
from shared.topics import DEAD, MAX_REQUEST_BYTES

_log = get(__name__)
_MAX_LETTER_BYTES = MAX_REQUEST_BYTES - 64 * 1024
_MAX_AROUND_BYTES = 32 * 1024


def no_refusal(record: Record, error: PermanentError) -> tuple[Outgoing, ...]:
    """A Refuse for lanes whose dead letters owe nobody a response."""
    return ()


class Cemetery:
    """Turns a record that failed for good into what must be produced before it is finished."""

    def __init__(self, instance: str, metrics: Metrics, refuse: Refuse = no_refusal) -> None:
        self._instance = instance
        self._metrics = metrics
        self._refuse = refuse

    def bury(self, record: Record, error: PermanentError, tries: int = 1) -> list[Outgoing]:
        """The dead letter, on the same partition number, and the responses owed."""
        position = record.position
        self._metrics.dead_letters.labels(position.topic).inc()
        _log.warning("record dead-lettered", **position._asdict(), error=type(error).__name__, reason=str(error))
        death = Death(position, type(error).__name__, str(error), tries, self._instance)
        key, headers = _around(record)
        letter = Outgoing(
            topic=f"{position.topic}{DEAD}",
            # The headers must fit beside it; of what no producer of ours could have sent, the beginning is kept.
            value=record.value[:_MAX_LETTER_BYTES],
            partition=position.partition,
            key=key,
            headers={**headers, **death.headers()},
        )
        return [letter, *self._refuse(record, error)]


def _around(record: Record) -> tuple[bytes | None, Mapping[str, bytes]]:
    """Its key and headers, where a letter has room for them."""
    size = len(record.key or b"") + sum(len(name.encode()) + len(value) for name, value in record.headers.items())
    return (record.key, record.headers) if size <= _MAX_AROUND_BYTES else (None, {})
