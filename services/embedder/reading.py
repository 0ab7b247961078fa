"""Bytes in, a query that the fleet can serve out, or a RefusedError that tells its sender what to change."""

import re
from collections.abc import Iterator
from math import isfinite

from pydantic import JsonValue

from services.embedder.texts import text_of
from shared.encoder import Text
from shared.errors import PermanentError, RefusedError
from shared.messages import Message, Query
from shared.stream.records import Record
from shared.topics import MAX_QUERY_BYTES

#: C0 control characters other than tab, line feed and carriage return: no prompt needs them, and they break terminals,
#: logs and Postgres.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: The fleet sets these itself from the query's own fields.
_OWN_PARAMETERS = frozenset({"messages", "model", "stream", "stream_options"})
#: The parser's own limit is 200, less what later messages wrap around a query.
_MAX_DEPTH = 32


class _UnsupportedPreferences(Message):
    """Preferences of the method that are not built yet."""

    top_k: JsonValue = None
    quality_weight: JsonValue = None


class _Unsupported(Message):
    preferences: _UnsupportedPreferences = _UnsupportedPreferences()


def read_query(record: Record, home_partitions: int) -> tuple[Query, Text]:
    """A valid query and what to embed of it; raises RefusedError, whose kind is one of

    `invalid`, `empty_prompt`, `too_long`, `control_characters`, `not_supported`.
    """
    if len(record.value) > MAX_QUERY_BYTES:
        raise _too_long(len(record.value))
    try:
        query = Query.decode(record.value)
    except PermanentError as error:
        raise RefusedError("invalid", str(error)) from error
    _check_supported(record.value, query)
    _check_parameters(query.parameters)
    for message in query.messages or ():
        _check_json("messages", [message.content, message.model_extra])
    if query.reply_partition is not None and query.reply_partition >= home_partitions:
        raise RefusedError(
            "invalid", f"reply_partition: expected 0 to {home_partitions - 1}, got {query.reply_partition}"
        )
    text = text_of(query)
    _check_text(text)
    size = len(query.encode())
    if size > MAX_QUERY_BYTES:
        raise _too_long(size)
    return query, text


def _too_long(size: int) -> RefusedError:
    return RefusedError("too_long", f"expected a query of at most {MAX_QUERY_BYTES} bytes, got {size}; shorten it")


def _check_supported(value: bytes, query: Query) -> None:
    asked = _Unsupported.decode(value).preferences
    for name in ("top_k", "quality_weight"):
        if getattr(asked, name) is not None:
            raise RefusedError("not_supported", f"preferences.{name} is not supported yet; leave it out")
    if query.parameters.get("n", 1) != 1:
        raise RefusedError("not_supported", "parameters.n: one answer per query is supported; leave it out")


def _check_parameters(parameters: dict[str, JsonValue]) -> None:
    own = sorted(_OWN_PARAMETERS & parameters.keys())
    if own:
        raise RefusedError("invalid", f"parameters.{own[0]} is set by the fleet; leave it out")
    _check_json("parameters", parameters)


def _check_json(name: str, value: JsonValue) -> None:
    """Later messages nest the query in themselves and write NaN as null: refuse what would not come through."""
    for depth, leaf in _leaves(value, 0):
        if depth > _MAX_DEPTH:
            raise RefusedError("invalid", f"{name}: expected at most {_MAX_DEPTH} levels of nesting")
        if isinstance(leaf, float) and not isfinite(leaf):
            raise RefusedError("invalid", f"{name}: expected finite numbers")


def _check_text(text: Text) -> None:
    whole = text.embedded if text.whole is None else text.whole
    if not text.embedded.strip():
        raise RefusedError("empty_prompt", "expected a prompt with text, it is empty; say what you ask")
    if _CONTROL.search(whole):
        raise RefusedError(
            "control_characters", "expected text without control characters other than tab and line breaks"
        )


def _leaves(value: JsonValue, depth: int) -> Iterator[tuple[int, JsonValue]]:
    """Every leaf with its depth; stops descending one level past the limit."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if children is None or depth > _MAX_DEPTH:
        yield depth, value
        return
    for child in children:
        yield from _leaves(child, depth + 1)
