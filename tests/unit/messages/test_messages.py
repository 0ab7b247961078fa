import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.messages import (
    ChatMessage,
    DispatchNote,
    ExecutorCapacity,
    Feedback,
    Model,
    PartitionCapacity,
    Prediction,
    Preferences,
    Query,
    ResponseChunk,
    TokenForecast,
    decode_capacity,
    new_query_id,
    pack_vector,
    unpack_vector,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)
SHARES = st.floats(0, 1)
AMOUNTS = st.floats(0, 1e9)
COUNTS = st.integers(0, 2**31)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PREFERENCES = st.builds(
    Preferences,
    willingness_to_pay=st.none() | AMOUNTS,
    max_cost_usd=st.none() | st.floats(1e-9, 10),
    max_wait_s=st.none() | st.floats(0.001, 86_400),
    llms=st.none() | st.lists(IDS, min_size=1, max_size=3).map(tuple),
    explore=st.booleans(),
)
CHATS = st.lists(st.builds(ChatMessage, role=TEXT, content=JSON), min_size=1, max_size=3).map(tuple)
TEXTS = st.builds(lambda prompt: {"prompt": prompt}, TEXT) | st.builds(lambda chat: {"messages": chat}, CHATS)
QUERIES = st.builds(
    lambda text, **fields: Query(**text, **fields),
    TEXTS,
    query_id=IDS,
    tenant=IDS,
    preferences=PREFERENCES,
    parameters=st.dictionaries(TEXT, JSON, max_size=3),
    stream=st.booleans(),
    reply_partition=st.none() | COUNTS,
    sent_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
PREDICTIONS = st.builds(
    Prediction,
    origin=st.builds(lambda partition, offset: f"{partition}-{offset}", COUNTS, COUNTS),
    accepted_at=AMOUNTS,
    llm=IDS,
    quality=SHARES,
    response_tokens=st.builds(TokenForecast, mean=AMOUNTS, p10=AMOUNTS, p90=AMOUNTS),
    uncertainty=AMOUNTS,
    head=st.none() | TEXT,
)
ANNOUNCEMENTS = st.builds(
    ExecutorCapacity,
    llm=IDS,
    instance=IDS,
    at=AMOUNTS,
    partitions=st.lists(
        st.builds(
            PartitionCapacity,
            topic=IDS,
            partition=COUNTS,
            next_offset=COUNTS,
            owned_since=AMOUNTS,
            slots=COUNTS,
            queued_s=AMOUNTS,
            remaining_s=AMOUNTS,
            in_flight=COUNTS,
        ),
        max_size=3,
    ).map(tuple),
    parallelism=COUNTS,
)
NOTES = st.builds(DispatchNote, llm=IDS, topic=IDS, partition=COUNTS, offset=COUNTS, service_s=AMOUNTS)
CHUNKS = st.builds(
    ResponseChunk, query_id=IDS, tenant=IDS, origin=st.just("0-1"), attempt=COUNTS, seq=COUNTS, text=TEXT
)


@given(QUERIES | PREDICTIONS | CHUNKS)
def test_a_message_survives_the_wire(message: Query | Prediction | ResponseChunk) -> None:
    assert type(message).decode(message.encode()) == message


@given(ANNOUNCEMENTS | NOTES)
def test_both_kinds_of_capacity_records_survive_the_wire(message: ExecutorCapacity | DispatchNote) -> None:
    assert decode_capacity(message.encode()) == message


@given(st.binary().map(lambda vector: vector[: len(vector) // 4 * 4]))
def test_a_vector_survives_the_wire(vector: bytes) -> None:
    assert unpack_vector(pack_vector(vector)) == vector


@pytest.mark.parametrize("text", ["no base64!", "AAAA", "AAAAAA"])
def test_a_vector_of_broken_numbers_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="float32"):
        unpack_vector(text)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "query_id"),
        ({"query_id": "a"}, "either prompt or messages"),
        ({"query_id": "a", "prompt": "b", "messages": [{"role": "user"}]}, "either prompt or messages"),
        ({"query_id": "", "prompt": "b"}, "query_id"),
        ({"query_id": "a\nb", "prompt": "b"}, "query_id"),
        ({"query_id": "a" * 201, "prompt": "b"}, "query_id"),
        ({"query_id": "a", "prompt": 3}, "prompt"),
        ({"query_id": "a", "messages": []}, "messages"),
        ({"query_id": "a", "prompt": "b", "preferences": {"willingness_to_pay": -1}}, "preferences.willingness_to_pay"),
        ({"query_id": "a", "prompt": "b", "preferences": {"max_cost_usd": 0}}, "preferences.max_cost_usd"),
        ({"query_id": "a", "prompt": "b", "preferences": {"max_wait_s": 86_401}}, "preferences.max_wait_s"),
        ({"query_id": "a", "prompt": "b", "preferences": {"llms": []}}, "preferences.llms"),
        ({"query_id": "a", "prompt": "b", "reply_partition": -1}, "reply_partition"),
        ({"query_id": "a", "prompt": "b", "tenant": ""}, "tenant"),
    ],
)
def test_a_query_that_cannot_be_served_is_refused_by_field(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(PermanentError, match=named):
        Query.decode(json.dumps(fields).encode())


def test_an_error_never_repeats_the_prompt() -> None:
    with pytest.raises(PermanentError) as caught:
        Query.decode(json.dumps({"query_id": "a", "prompt": ["my secret"]}).encode())

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", [b"", b"hello", b"[1]", b"null", b"\xff\xfe", b'{"query_id": "a'])
def test_bytes_that_are_no_message_are_refused(value: bytes) -> None:
    with pytest.raises(PermanentError, match="expected a Query as JSON"):
        Query.decode(value)
    with pytest.raises(PermanentError, match="expected a capacity record"):
        decode_capacity(value)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"satisfied": True, "quality": 1},
        {"quality": 1, "withdrawn": True},
        {"quality": 1.01},
        {"quality": -0.01},
        {"withdrawn": False},
    ],
)
def test_feedback_says_exactly_one_thing(said: dict[str, Any]) -> None:
    with pytest.raises(PermanentError):
        Feedback.decode(json.dumps({"query_id": "a", **said}).encode())


@pytest.mark.parametrize("said", [{"satisfied": False}, {"quality": 0}, {"quality": 1}, {"withdrawn": True}])
def test_each_kind_of_feedback_is_understood(said: dict[str, Any]) -> None:
    decoded = Feedback.decode(json.dumps({"query_id": "a", **said}).encode())

    assert decoded.model_dump(include=said.keys()) == said


def test_other_fields_of_a_chat_message_pass_through() -> None:
    turn = {"role": "tool", "content": "4", "tool_call_id": "call-1"}

    query = Query.decode(json.dumps({"query_id": "a", "messages": [turn]}).encode())

    assert json.loads(query.encode())["messages"] == [turn]


def test_a_model_is_one_live_version_per_kind_llm_and_encoder() -> None:
    head = Model(kind="head", llm="a", version="1", encoder="e")

    assert head.key == head.model_copy(update={"version": "2"}).key
    others = {Model(kind="head", llm="b", version="1", encoder="e").key, Model(kind="encoder", version="1").key}
    assert head.key not in others


def test_query_ids_differ() -> None:
    assert len({new_query_id() for _ in range(100)}) == 100


def test_a_wait_too_short_to_reckon_with_is_refused() -> None:
    with pytest.raises(PermanentError, match="max_wait_s"):
        Query.decode(b'{"query_id": "a", "prompt": "?", "preferences": {"max_wait_s": 5e-324}}')


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b'"prompt": "2 + 2?", "parameters": {"bias": [NaN]}', r"parameters: .* at bias\.0"),
        (b'"messages": [{"role": "user", "x": {"y": -Infinity}}]', r"messages: .* at 0\.x\.y"),
    ],
)
def test_a_query_with_a_number_that_json_has_not_is_refused_by_the_field(text: bytes, field: str) -> None:
    with pytest.raises(PermanentError, match=field):
        Query.decode(b'{"query_id": "a", ' + text + b"}")
