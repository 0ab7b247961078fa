"""The terminal response owed to whoever sent a record that cannot be served."""

import json
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from shared import logs, topics
from shared.errors import PermanentError, RefusedError, UnforeseenError
from shared.messages import Response, ResponseError
from shared.messages.query import Identifier
from shared.metrics import Metrics
from shared.stream.headers import passed_on
from shared.stream.records import Outgoing, Record

log = logs.get(__name__)

_identifier: TypeAdapter[str] = TypeAdapter(Identifier)


class Refusals:
    """Implements the lane's Refuse port; the lane dead-letters the record itself."""

    def __init__(self, home_partitions: int, metrics: Metrics) -> None:
        self._home_partitions = home_partitions
        self._metrics = metrics

    def __call__(self, record: Record, error: PermanentError) -> Sequence[Outgoing]:
        """One refusal with the record's origin; its query_id is empty when the bytes do not tell it."""
        kind, message = _reason(error)
        fields = _fields(record.value)
        origin = topics.origin_of(*record.position)
        response = Response(
            query_id=_identified(fields.get("query_id"), ""),
            tenant=_identified(fields.get("tenant"), "default"),
            origin=origin,
            status="refused",
            error=ResponseError(kind=kind, message=message),
        )
        self._metrics.refused.labels(kind).inc()
        log.info("refused a query", query_id=response.query_id, origin=origin, kind=kind)
        partition = self._reply_partition(fields.get("reply_partition"), origin)
        return [Outgoing(topics.RESPONSES.name, response.encode(), partition, headers=passed_on(record))]

    def _reply_partition(self, asked: object, origin: str) -> int:
        if isinstance(asked, int) and 0 <= asked < self._home_partitions:
            return asked
        return topics.home(origin, self._home_partitions)


def _reason(error: PermanentError) -> tuple[str, str]:
    """What its sender is told: nothing of the fleet's own code."""
    if isinstance(error, UnforeseenError):
        return "internal", "the fleet failed on this query, and its operator finds it among the dead letters"
    return error.kind if isinstance(error, RefusedError) else "invalid", str(error)


def _fields(value: bytes) -> dict[str, object]:
    """The record's top-level fields as far as its bytes can be read at all."""
    if len(value) > topics.MAX_MESSAGE_BYTES:
        return {}
    try:
        fields = json.loads(value.decode(errors="replace"))
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _identified(value: object, otherwise: str) -> str:
    try:
        return _identifier.validate_python(value)
    except ValidationError:
        return otherwise
