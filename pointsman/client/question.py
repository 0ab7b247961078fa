"""From what a user asks to the query that is sent, refused here where the fleet would refuse it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic import JsonValue, ValidationError

from shared.errors import RefusedError
from shared.messages import ChatMessage, Preferences, Query, new_query_id
from shared.messages.message import describe
from shared.messages.query import DEFAULT_DEADLINE_S
from shared.topics import MAX_QUERY_BYTES

#: A prompt, a conversation, or a whole query (with an id or a tenant of the caller's own).
Question = str | Sequence[ChatMessage] | Query

#: Added to the fleet's own deadline: it answers with a refusal or failure by then.
_GRACE_S = 30.0


def to_query(
    question: Question,
    tenant: str,
    preferences: Preferences | None,
    parameters: Mapping[str, JsonValue] | None,
) -> Query:
    """Make a query with a new id, or take the one given; raises RefusedError when it is not one."""
    try:
        if isinstance(question, Query):
            given = {"preferences": preferences, "parameters": None if parameters is None else dict(parameters)}
            return Query.model_validate(dict(question) | {k: value for k, value in given.items() if value is not None})
        return Query(
            query_id=new_query_id(),
            prompt=question if isinstance(question, str) else None,
            messages=None if isinstance(question, str) else tuple(question),
            preferences=preferences or Preferences(),
            parameters=dict(parameters or {}),
            tenant=tenant,
        )
    except ValidationError as error:
        raise RefusedError("invalid", f"expected a query, {describe(error)}") from error


def as_sent(query: Query, reply_partition: int, *, stream: bool) -> Query:
    """The query with what the client adds to it."""
    added = {"reply_partition": reply_partition, "stream": stream, "sent_at": query.sent_at or datetime.now(UTC)}
    return query.model_copy(update=added)


def to_bytes(query: Query) -> bytes:
    """Encode the query; raises RefusedError when the fleet would not take it."""
    try:
        value = query.encode()
    except ValueError:
        # Without its cause: that repeats the text.
        raise RefusedError("invalid", f"expected text, query {query.query_id} has lone surrogates in it") from None
    if len(value) > MAX_QUERY_BYTES:
        raise RefusedError(
            "too_long",
            f"expected at most {MAX_QUERY_BYTES:,} bytes of JSON, {query.query_id} has {len(value):,}; shorten it",
        )
    return value


def patience_s(query: Query) -> float:
    """How long a response may take before there is none: the fleet's deadline and a margin."""
    longest_s = query.preferences.max_wait_s
    return (DEFAULT_DEADLINE_S if longest_s is None else longest_s) + _GRACE_S
