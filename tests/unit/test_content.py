import pytest

from shared.content import content_hash
from shared.messages import ChatMessage, Preferences, Query


def query(**content: object) -> Query:
    return Query.model_validate({"query_id": "q", "prompt": "2 + 2?"} | content)


@pytest.mark.parametrize(
    "other",
    [
        query(prompt="2 + 3?"),
        query(prompt=None, messages=(ChatMessage(role="user", content="2 + 2?"),)),
        query(parameters={"max_tokens": 5}),
        query(preferences=Preferences(willingness_to_pay=2)),
        query(stream=True),
    ],
)
def test_each_part_of_the_content_counts(other: Query) -> None:
    assert content_hash(other) != content_hash(query())


def test_fields_of_a_turn_that_we_do_not_know_count() -> None:
    named = Query.decode(b'{"query_id": "q", "messages": [{"role": "user", "content": "hi", "name": "ann"}]}')
    unnamed = Query.decode(b'{"query_id": "q", "messages": [{"role": "user", "content": "hi"}]}')

    assert content_hash(named) != content_hash(unnamed)


def test_the_order_of_keys_and_written_out_defaults_do_not_count() -> None:
    one = Query.decode(b'{"query_id": "q", "prompt": "p", "parameters": {"a": 1, "b": {"c": 2, "d": 3}}}')
    other = Query.decode(
        b'{"parameters": {"b": {"d": 3, "c": 2}, "a": 1}, "stream": false, "messages": null, "prompt": "p",'
        b' "preferences": {"explore": true}, "query_id": "q"}'
    )

    assert content_hash(one) == content_hash(other)


def test_who_asks_and_where_the_answer_goes_do_not_count() -> None:
    elsewhere = query(query_id="r", tenant="other", reply_partition=3, sent_at="2026-01-31T12:00:00Z")

    assert content_hash(elsewhere) == content_hash(query())


def test_any_text_can_be_hashed() -> None:
    assert content_hash(query(prompt="naïve \x00 \U0001f600 \u2028")) != content_hash(query(prompt="naïve"))
