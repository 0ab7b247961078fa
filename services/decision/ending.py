"""Queries that end here: refused, out of attempts, out of time."""

from dataclasses import dataclass
from typing import Literal

from services.decision.decide import Refused
from services.decision.undecided import Undecided
from shared.messages import Response, ResponseError
from shared.stream.headers import passed_on
from shared.stream.records import Outgoing
from shared.topics import RESPONSES


@dataclass(frozen=True, slots=True)
class Ending:
    """The terminal response of a query that no LLM answers."""

    undecided: Undecided
    #: Under which the attempt is closed.
    decision_id: str
    response: Response

    def outgoing(self, home_partitions: int) -> Outgoing:
        return outgoing(self.undecided, self.response.encode(), home_partitions)


def outgoing(undecided: Undecided, response: bytes, home_partitions: int) -> Outgoing:
    """A response to where the user listens; an asked partition that does not exist means home."""
    query = undecided.accepted.query
    asked = query.reply_partition
    partition = asked if asked is not None and asked < home_partitions else undecided.home
    return Outgoing(RESPONSES.name, response, partition, query.query_id.encode(), passed_on(undecided.record))


def refused(undecided: Undecided, outcome: Refused, now: float) -> Ending:
    """No LLM may answer: refused when none was asked, failed when some were."""
    why = outcome.refusal
    decision_id = outcome.receipt.decision_id
    if undecided.error is None:
        return Ending(undecided, decision_id, _response(undecided, "refused", why.kind, why.message, now, decision_id))
    message = f"{_tries(undecided)}, and now {why.message}"
    return Ending(undecided, decision_id, _response(undecided, "failed", why.kind, message, now, decision_id))


def out_of_attempts(undecided: Undecided, decision_id: str, now: float) -> Ending:
    message = f"{_tries(undecided)}; send the query again under a new id"
    return Ending(undecided, decision_id, _response(undecided, "failed", "attempts", message, now, decision_id))


def out_of_time(undecided: Undecided, decision_id: str, now: float) -> Ending:
    allowed_s = undecided.deadline - undecided.accepted.accepted_at
    message = f"no answer within {allowed_s:.6g} s; allow more by preferences.max_wait_s"
    if undecided.error is not None:
        message = f"{message} ({_tries(undecided)})"
    return Ending(undecided, decision_id, _response(undecided, "failed", "deadline", message, now, decision_id))


def undispatchable(undecided: Undecided, decision_id: str, why: str, now: float) -> Ending:
    return Ending(undecided, decision_id, _response(undecided, "failed", "undispatchable", why, now, decision_id))


def unclaimed(undecided: Undecided, kind: str, message: str, now: float) -> Response:
    """A refusal that ends this record, not the query's identity: clients know it by its origin."""
    return _response(undecided, "refused", kind, message, now)


def _response(
    undecided: Undecided,
    status: Literal["refused", "failed"],
    kind: str,
    message: str,
    now: float,
    decision_id: str | None = None,
) -> Response:
    accepted = undecided.accepted
    return Response(
        query_id=accepted.query.query_id,
        tenant=accepted.query.tenant,
        origin=accepted.origin,
        status=status,
        wait_s=max(0.0, now - accepted.accepted_at),
        stages=undecided.stages,
        error=ResponseError(kind=kind, message=message),
        decision_id=decision_id,
        attempt=undecided.attempt,
    )


def _tries(undecided: Undecided) -> str:
    count = undecided.attempt - 1
    why = "" if undecided.error is None else f", the last by {undecided.error.kind}: {undecided.error.message}"
    return f"{count} attempt{'s' if count != 1 else ''} failed{why}"
