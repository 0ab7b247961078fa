"""Answers in the routing log with what was said of them: what a later import or training can learn from."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.tables import AttemptRow, FeedbackRow, RoutingRow

#: Rows fetched at a time, over a cursor of the server.
_ROWS = 500


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """One answered attempt, its receipt's part in it, and the user's last word; the answer's text is not kept."""

    tenant: str
    query_id: str
    llm: str
    #: None unless the fleet stores texts; a conversation is the JSON of its messages.
    text: str | None
    domain: str | None
    prompt_tokens: int | None
    response_tokens: int | None
    cost_usd: float | None
    #: Tokens and cost are estimates.
    usage_estimated: bool
    #: In [0, 1]; None where nobody said anything, or withdrew it.
    quality: float | None
    #: Who said so.
    said_by: str | None


async def logged_answers(session: AsyncSession) -> AsyncIterator[LoggedAnswer]:
    """Every answered attempt, by time of its query, however many there are."""
    query = (AttemptRow.tenant, AttemptRow.query_id, AttemptRow.accepted_at)
    receipt = (RoutingRow.tenant, RoutingRow.query_id, RoutingRow.accepted_at)
    word = (FeedbackRow.tenant, FeedbackRow.query_id, FeedbackRow.accepted_at)
    same_decision = RoutingRow.decision_id == AttemptRow.decision_id
    statement = (
        select(AttemptRow, RoutingRow.text, RoutingRow.domain, RoutingRow.prompt_tokens, FeedbackRow)
        .join(RoutingRow, and_(same_decision, *(ours == theirs for ours, theirs in zip(receipt, query, strict=True))))
        .outerjoin(FeedbackRow, and_(*(ours == theirs for ours, theirs in zip(word, query, strict=True))))
        .where(AttemptRow.event == "answered")
        .order_by(AttemptRow.accepted_at, AttemptRow.tenant, AttemptRow.query_id)
        .execution_options(yield_per=_ROWS)
    )
    async for attempt, text, domain, estimated_tokens, said in await session.stream(statement):
        yield LoggedAnswer(
            tenant=attempt.tenant,
            query_id=attempt.query_id,
            llm=attempt.llm,
            text=text,
            domain=domain,
            prompt_tokens=estimated_tokens if attempt.prompt_tokens is None else attempt.prompt_tokens,
            response_tokens=attempt.response_tokens,
            cost_usd=attempt.cost_usd,
            usage_estimated=attempt.usage_estimated,
            quality=_quality(said),
            said_by=None if said is None else said.source,
        )


def _quality(said: FeedbackRow | None) -> float | None:
    if said is None or said.withdrawn:
        return None
    return said.quality if said.satisfied is None else float(said.satisfied)
