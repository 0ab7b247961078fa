"""Labelled queries of the log: who answered, from which vector, and what its user said in the end."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Float, Integer, Subquery, and_, case, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.tables import AttemptRow, FeedbackRow, RoutingRow
from shared.messages.registry import ATLAS_MARK, graph_of


@dataclass(frozen=True, slots=True)
class Label:
    """One answered query; a shared.packed.Packed."""

    vector: bytes
    prompt_tokens: int
    #: None when the provider did not report them.
    response_tokens: int | None
    #: In [0, 1]; satisfied counts 1, not satisfied 0.
    quality: float
    #: Append time of the last word, seconds since the epoch.
    said_at: float
    features: bytes | None = None
    neighbours: bytes | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Labelled queries of one LLM since some moment."""

    #: Embedded by the encoder asked about.
    rows: int
    #: Embedded by another.
    left_out: int
    #: When the last word on one of `rows` was said; None without any.
    newest: float | None


async def labels(session: AsyncSession, llm: str, encoder: str, most: int) -> list[Label]:
    """The LLM's newest labelled queries with vectors of this encoder, oldest first, at most `most`.

    Vectors are the same under another atlas; neighbours are numbers in one, so those of another are left out.
    """
    words = _words(llm, since=None)
    near = case((words.c.encoder == encoder, words.c.neighbours)).label("near")
    statement = select(words, near).where(_counts(words), _embedded_by(words, encoder))
    found = await session.execute(statement.order_by(words.c.said_at.desc(), words.c.query_id).limit(most))
    return [
        Label(
            row.vector,
            row.prompt_tokens,
            row.response_tokens,
            row.quality,
            row.said_at.timestamp(),
            row.features,
            row.near,
        )
        for row in reversed(found.all())
    ]


async def count_labels(session: AsyncSession, llm: str, encoder: str, since: float | None) -> Count:
    """How many there are whose last word was said after `since`; None counts all."""
    words = _words(llm, since)
    mine = _embedded_by(words, encoder)
    statement = select(
        func.count().filter(mine), func.count().filter(~mine), func.max(words.c.said_at).filter(mine)
    ).where(_counts(words))
    rows, left_out, newest = (await session.execute(statement)).one()
    return Count(rows, left_out, None if newest is None else newest.timestamp())


def _embedded_by(words: Subquery, encoder: str) -> ColumnElement[bool]:
    """By its graph, under whatever atlas."""
    return func.split_part(words.c.encoder, ATLAS_MARK, 1) == graph_of(encoder)


def _counts(words: Subquery) -> ColumnElement[bool]:
    """The last word on an answer counts, unless it withdraws those before."""
    return and_(words.c.words_since == 1, ~words.c.withdrawn)


def _words(llm: str, since: float | None) -> Subquery:
    """All words on answers of this LLM, counted from the last one on each.

    A query sent again under its id gets the old answer again, and feedback may then name either record: so a word is
    on the newest answer up to its own record, and of several words on one answer the last counts.
    """
    same_query = and_(AttemptRow.tenant == FeedbackRow.tenant, AttemptRow.query_id == FeedbackRow.query_id)
    answer = (
        select(AttemptRow.accepted_at, AttemptRow.decision_id, AttemptRow.llm, AttemptRow.response_tokens)
        .where(same_query, AttemptRow.event == "answered", AttemptRow.accepted_at <= FeedbackRow.accepted_at)
        .order_by(AttemptRow.accepted_at.desc())
        .limit(1)
        .lateral("answer")
    )
    receipt = and_(
        RoutingRow.tenant == FeedbackRow.tenant,
        RoutingRow.query_id == FeedbackRow.query_id,
        RoutingRow.accepted_at == answer.c.accepted_at,
        RoutingRow.decision_id == answer.c.decision_id,
    )
    words_on_it = func.row_number().over(
        partition_by=(FeedbackRow.tenant, FeedbackRow.query_id, answer.c.accepted_at),
        order_by=FeedbackRow.said_at.desc(),
    )
    satisfied = cast(cast(FeedbackRow.satisfied, Integer), Float)
    statement = (
        select(
            words_on_it.label("words_since"),
            FeedbackRow.query_id,
            FeedbackRow.said_at,
            FeedbackRow.withdrawn,
            func.coalesce(FeedbackRow.quality, satisfied).label("quality"),
            RoutingRow.encoder,
            RoutingRow.vector,
            RoutingRow.prompt_tokens,
            RoutingRow.features,
            RoutingRow.neighbours,
            answer.c.response_tokens,
        )
        .select_from(FeedbackRow)
        .join(answer, true())
        .join(RoutingRow, receipt)
        .where(answer.c.llm == llm)
    )
    if since is not None:
        statement = statement.where(FeedbackRow.said_at > datetime.fromtimestamp(since, UTC))
    return statement.subquery()
