"""Which records are queries the fleet can serve, and what the others are told."""

import json
from typing import Any

import pytest

from services.embedder.reading import read_query
from shared.encoder import Text
from shared.errors import RefusedError
from shared.messages import Query
from shared.stream.records import Position, Record


def record(value: bytes) -> Record:
    return Record(Position("queries", 0, 7), value, appended_at=1.0)


def asked(**fields: Any) -> Record:
    return record(json.dumps({"query_id": "a", "prompt": "hello"} | fields).encode())


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_a_plain_query_is_read_with_its_prompt() -> None:
    query, text = read_query(asked(prompt="héllo\n\tworld\r\n"), home_partitions=4)

    assert query == Query(query_id="a", prompt="héllo\n\tworld\r\n")
    assert text == Text("héllo\n\tworld\r\n")


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"prompt": None}, "invalid", "either prompt or messages"),
        ({"messages": [{"role": "user", "content": "x"}]}, "invalid", "either prompt or messages"),
        ({"query_id": ""}, "invalid", "query_id"),
        ({"query_id": "a\nb"}, "invalid", "query_id"),
        ({"preferences": {"willingness_to_pay": -1}}, "invalid", "willingness_to_pay"),
        ({"preferences": {"willingness_to_pay": float("nan")}}, "invalid", "finite"),
        ({"preferences": {"max_wait_s": 0}}, "invalid", "max_wait_s"),
        ({"preferences": {"llms": []}}, "invalid", "llms"),
        ({"preferences": {"top_k": 3}}, "not_supported", "preferences.top_k"),
        ({"preferences": {"quality_weight": 0.4}}, "not_supported", "preferences.quality_weight"),
        ({"parameters": {"n": 2}}, "not_supported", "parameters.n"),
        ({"parameters": {"model": "x"}}, "invalid", "parameters.model"),
        ({"parameters": {"stream": True}}, "invalid", "parameters.stream"),
        ({"parameters": {"temperature": float("nan")}}, "invalid", "finite"),
        ({"parameters": {"deep": nested(40)}}, "invalid", "nesting"),
        ({"reply_partition": 4}, "invalid", "reply_partition"),
        ({"reply_partition": -1}, "invalid", "reply_partition"),
        ({"prompt": ""}, "empty_prompt", "empty"),
        ({"prompt": " \n\t"}, "empty_prompt", "empty"),
        ({"prompt": "a\x00b"}, "control_characters", "control"),
        ({"prompt": "a\x1b[31mb"}, "control_characters", "control"),
        ({"prompt": "é" * 300_000}, "too_long", "512000"),
    ],
)
def test_a_query_that_cannot_be_served_is_refused_by_kind(fields: dict[str, Any], kind: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says) as refused:
        read_query(asked(**fields), home_partitions=4)

    assert refused.value.kind == kind


@pytest.mark.parametrize(
    "value", [b"", b"{oops", b"[1]", b"null", b'{"query_id": "a", "prompt": "\xff\xfe"}', b"[" * 9999]
)
def test_bytes_that_are_no_query_are_invalid(value: bytes) -> None:
    with pytest.raises(RefusedError) as refused:
        read_query(record(value), home_partitions=4)

    assert refused.value.kind == "invalid"


def test_what_is_refused_is_not_repeated_to_logs_and_dead_letters() -> None:
    with pytest.raises(RefusedError) as refused:
        read_query(asked(prompt=["my secret plan"]), home_partitions=4)

    assert "secret" not in str(refused.value)


def test_everything_that_is_allowed_survives_the_way_through_later_messages() -> None:
    deep = {"deep": nested(30)}

    query, _ = read_query(asked(parameters=deep, reply_partition=3), home_partitions=4)

    assert Query.decode(query.encode()) == query
