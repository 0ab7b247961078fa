"""The routing log: what was decided, what came of it, and what users said of it.

Inserts are idempotent on the natural keys; functions take a session and the caller commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ScalarSelect, delete, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.claims import Claim, claims_of
from shared.database.rows import (
    Said,
    attempt_of,
    attempt_row,
    feedback_of,
    feedback_row,
    receipt_of,
    receipt_row,
    said_of,
)
from shared.database.tables import AttemptRow, FeedbackRow, RoutingRow, WaitingFeedbackRow
from shared.messages import Attempt, Feedback, Receipt

_WORD = ("said_at", "satisfied", "quality", "withdrawn", "source")


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of a query; the parts are empty where nothing was recorded yet."""

    tenant: str
    query_id: str
    #: By time of decision; one that no attempt names was superseded, or refused.
    receipts: tuple[Receipt, ...]
    #: By time; a failed one without its Dispatch.
    attempts: tuple[Attempt, ...]
    #: By number of the attempt.
    claims: tuple[Claim, ...]
    #: The user's last word.
    feedback: Feedback | None

    @property
    def known(self) -> bool:
        """Whether the fleet ever heard of this query; feedback alone says nothing."""
        return bool(self.receipts or self.attempts or self.claims)


async def record_receipts(session: AsyncSession, receipts: Sequence[Receipt]) -> None:
    if receipts:
        rows = sorted((receipt_row(receipt) for receipt in receipts), key=_by_query)
        await session.execute(insert(RoutingRow).on_conflict_do_nothing(), rows)


async def record_attempts(session: AsyncSession, attempts: Sequence[Attempt]) -> None:
    if attempts:
        rows = sorted((attempt_row(attempt) for attempt in attempts), key=_by_query)
        await session.execute(insert(AttemptRow).on_conflict_do_nothing(), rows)


async def record_feedback(session: AsyncSession, said: Sequence[Said]) -> None:
    """Keep the last word on each query until settle_feedback finds the query."""
    newest = {(word.feedback.tenant, word.feedback.query_id): word for word in sorted(said, key=lambda word: word.at)}
    if newest:
        rows = [feedback_row(newest[query]) for query in sorted(newest)]
        new = insert(WaitingFeedbackRow).values(rows)
        await session.execute(_keep_last_word(new, WaitingFeedbackRow, "partition", "offset"))


async def settle_feedback(session: AsyncSession) -> None:
    """Move what waits to the newest query of its id, where the log has one by now."""
    accepted_at = _newest_query()
    moved = (
        delete(WaitingFeedbackRow)
        .where(accepted_at.is_not(None))
        .returning(
            WaitingFeedbackRow.tenant,
            WaitingFeedbackRow.query_id,
            accepted_at.label("accepted_at"),
            *(getattr(WaitingFeedbackRow, column) for column in _WORD),
        )
        .cte("moved")
    )
    new = insert(FeedbackRow).from_select(["tenant", "query_id", "accepted_at", *_WORD], select(moved))
    await session.execute(_keep_last_word(new, FeedbackRow))


async def give_up_feedback(session: AsyncSession, older_than_s: float) -> list[Said]:
    """Take out, and return, what has waited longer than this for its query."""
    age = func.now() - timedelta(seconds=older_than_s)
    statement = delete(WaitingFeedbackRow).where(WaitingFeedbackRow.kept_since < age).returning(WaitingFeedbackRow)
    return [said_of(row) for row in await session.scalars(statement)]


async def count_waiting_feedback(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(WaitingFeedbackRow)) or 0


async def explain(session: AsyncSession, tenant: str, query_id: str) -> Explanation:
    """Everything recorded of a query, over all its records of that id."""
    receipts = await session.scalars(
        select(RoutingRow).filter_by(tenant=tenant, query_id=query_id).order_by(RoutingRow.decided_at)
    )
    attempts = await session.scalars(
        select(AttemptRow).filter_by(tenant=tenant, query_id=query_id).order_by(AttemptRow.at, AttemptRow.event.desc())
    )
    return Explanation(
        tenant=tenant,
        query_id=query_id,
        receipts=tuple(map(receipt_of, receipts)),
        attempts=tuple(map(attempt_of, attempts)),
        claims=tuple(await claims_of(session, tenant, query_id)),
        feedback=await _last_word(session, tenant, query_id),
    )


async def _last_word(session: AsyncSession, tenant: str, query_id: str) -> Feedback | None:
    """Also while it waits to be settled."""
    said: list[FeedbackRow | WaitingFeedbackRow] = []
    for table in (FeedbackRow, WaitingFeedbackRow):
        said += await session.scalars(select(table).filter_by(tenant=tenant, query_id=query_id))
    return feedback_of(max(said, key=lambda word: word.said_at)) if said else None


def _newest_query() -> ScalarSelect[Any]:
    """When the newest query of a waiting row's id was accepted, NULL where the log has none."""
    return (
        select(func.max(RoutingRow.accepted_at))
        .where(RoutingRow.tenant == WaitingFeedbackRow.tenant, RoutingRow.query_id == WaitingFeedbackRow.query_id)
        .correlate(WaitingFeedbackRow)
        .scalar_subquery()
    )


def _keep_last_word(new: Insert, table: type[FeedbackRow | WaitingFeedbackRow], *also: str) -> Insert:
    return new.on_conflict_do_update(
        index_elements=list(table.__mapper__.primary_key),
        set_={column: new.excluded[column] for column in (*_WORD, *also)},
        where=table.said_at <= new.excluded.said_at,
    )


def _by_query(row: dict[str, object]) -> tuple[str, ...]:
    """One order of inserts for all writers, so that they never wait for each other in a circle."""
    return str(row["tenant"]), str(row["query_id"]), str(row["decision_id"])
