"""The response owed to the sender of a query that was accepted, and whose record is dead-lettered."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import PermanentError
from shared.messages import Accepted, Attempt, Dispatch, Response, ResponseError
from shared.stream.headers import passed_on
from shared.stream.records import Outgoing, Record
from shared.topics import ACCEPTED, ATTEMPTS, PREDICTIONS, RESPONSES, home


@dataclass(frozen=True, slots=True)
class Unserved:
    """Implements the lanes' Refuse port; the refusal ends the record, not the query's identity (protocol 3)."""

    home_partitions: int
    #: Broker time, seconds since the epoch.
    clock: Callable[[], float]

    def __call__(self, record: Record, error: PermanentError) -> tuple[Outgoing, ...]:
        """Nothing where the bytes do not tell whose query it is."""
        try:
            accepted = _accepted(record)
        except PermanentError:
            return ()
        return () if accepted is None else (self._refusal(accepted, record),)

    def _refusal(self, accepted: Accepted, record: Record) -> Outgoing:
        query = accepted.query
        text = "the fleet failed on this query, and its operator finds it among the dead letters; send it again"
        response = Response(
            query_id=query.query_id,
            tenant=query.tenant,
            origin=accepted.origin,
            status="refused",
            wait_s=max(0.0, self.clock() - accepted.accepted_at),
            error=ResponseError(kind="internal", message=text),
        )
        asked = query.reply_partition
        known = asked is not None and asked < self.home_partitions
        partition = asked if known else home(accepted.origin, self.home_partitions)
        return Outgoing(RESPONSES.name, response.encode(), partition, query.query_id.encode(), passed_on(record))


def _accepted(record: Record) -> Accepted | None:
    """The query that a record of `accepted`, `attempts` or a dispatch topic carries."""
    match record.position.topic:
        case ACCEPTED.name:
            return Accepted.decode(record.value)
        case ATTEMPTS.name:
            dispatch = Attempt.decode(record.value).dispatch
            return None if dispatch is None else dispatch.accepted
        case PREDICTIONS.name:
            return None
        case _:
            return Dispatch.decode(record.value).accepted
