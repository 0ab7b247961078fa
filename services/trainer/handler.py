"""Records in, what to keep of them out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.database.rows import Said
from shared.errors import PermanentError
from shared.messages import Attempt, Feedback, Receipt
from shared.stream.records import Record
from shared.topics import ATTEMPTS, DECISIONS, FEEDBACK

TOPICS = (DECISIONS, ATTEMPTS, FEEDBACK)


@dataclass(slots=True)
class Kept:
    """What one batch of records adds to the log."""

    receipts: list[Receipt] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    #: Records that are no messages of their topic, and why.
    refused: list[tuple[Record, PermanentError]] = field(default_factory=list)


def sort(records: Sequence[Record], *, store_text: bool) -> Kept:
    """Decode each record by its topic; texts of queries are dropped unless told to store them."""
    kept = Kept()
    for record in records:
        try:
            _add(kept, record, store_text)
        except PermanentError as error:
            kept.refused.append((record, error))
    return kept


def _add(kept: Kept, record: Record, store_text: bool) -> None:
    topic = record.position.topic
    if topic == DECISIONS.name:
        receipt = Receipt.decode(record.value)
        kept.receipts.append(receipt if store_text else receipt.model_copy(update={"text": None}))
    elif topic == ATTEMPTS.name:
        kept.attempts.append(Attempt.decode(record.value))
    else:
        kept.said.append(Said(Feedback.decode(record.value), record.appended_at, record.position))
