"""Messages as rows of the log, and back."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import inspect

from shared.database.tables import AttemptRow, FeedbackRow, RoutingRow, Table, WaitingFeedbackRow
from shared.errors import PermanentError
from shared.messages import Attempt, Feedback, Receipt, pack_vector, unpack_vector
from shared.stream.records import Position


@dataclass(frozen=True, slots=True)
class Said:
    """Feedback with when and where it was said: the record's append time and place."""

    feedback: Feedback
    #: Seconds since the epoch on the broker's clock.
    at: float
    position: Position


def receipt_row(receipt: Receipt) -> dict[str, object]:
    """A row of routing_log; raises PermanentError where a time or a packed array is none."""
    return receipt.model_dump(mode="json") | {
        "accepted_at": _moment(receipt.accepted_at),
        "decided_at": _moment(receipt.decided_at),
        "vector": unpack_vector(receipt.vector),
        "features": None if receipt.features is None else unpack_vector(receipt.features),
        "neighbours": None if receipt.neighbours is None else unpack_vector(receipt.neighbours),
    }


def receipt_of(row: RoutingRow) -> Receipt:
    return Receipt.model_validate(
        _columns(row)
        | {
            "accepted_at": row.accepted_at.timestamp(),
            "decided_at": row.decided_at.timestamp(),
            "vector": pack_vector(row.vector),
            "features": None if row.features is None else pack_vector(row.features),
            "neighbours": None if row.neighbours is None else pack_vector(row.neighbours),
        }
    )


def attempt_row(attempt: Attempt) -> dict[str, object]:
    """A row of attempts; the Dispatch is left out, as it repeats the prompt."""
    return attempt.model_dump(mode="json", exclude={"dispatch"}) | {
        "accepted_at": _moment(attempt.accepted_at),
        "at": _moment(attempt.at),
    }


def attempt_of(row: AttemptRow) -> Attempt:
    return Attempt.model_validate(
        _columns(row) | {"accepted_at": row.accepted_at.timestamp(), "at": row.at.timestamp()}
    )


def feedback_row(said: Said) -> dict[str, object]:
    """A row of waiting_feedback."""
    return said.feedback.model_dump(mode="json") | {
        "said_at": _moment(said.at),
        "withdrawn": said.feedback.withdrawn is not None,
        "partition": said.position.partition,
        "offset": said.position.offset,
    }


def feedback_of(row: FeedbackRow | WaitingFeedbackRow) -> Feedback:
    return Feedback.model_validate(_columns(row) | {"withdrawn": row.withdrawn or None})


def said_of(row: WaitingFeedbackRow) -> Said:
    return Said(feedback_of(row), row.said_at.timestamp(), Position("feedback", row.partition, row.offset))


def _columns(row: Table) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _moment(seconds: float) -> datetime:
    """Raises PermanentError outside of the years 1 to 9999."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise PermanentError(f"expected seconds since the epoch, {seconds} is no time") from error
