import math
from pathlib import Path

import pytest

import pointsman
from pointsman.client.question import as_sent, patience_s, to_bytes, to_query
from services.decision.settings import DecisionSettings
from shared.errors import RefusedError
from shared.messages import ChatMessage, Preferences, Query
from shared.messages.query import DEFAULT_DEADLINE_S
from shared.topics import MAX_QUERY_BYTES


def test_a_prompt_becomes_a_query_with_an_id_of_its_own() -> None:
    first, second = (to_query("Two words?", "acme", None, None) for _ in range(2))

    assert first.prompt == "Two words?"
    assert first.tenant == "acme"
    assert first.query_id != second.query_id


def test_a_conversation_becomes_messages() -> None:
    turns = [ChatMessage(role="user", content="Two words?")]

    assert to_query(turns, "default", None, {"max_tokens": 5}).messages == tuple(turns)


def test_a_query_keeps_its_id_and_tenant_and_takes_what_is_added() -> None:
    given = Query(query_id="q-1", tenant="acme", prompt="Two words?", parameters={"seed": 1})

    query = to_query(given, "default", Preferences(max_wait_s=5), None)

    assert (query.query_id, query.tenant, query.parameters) == ("q-1", "acme", {"seed": 1})
    assert query.preferences.max_wait_s == 5


def test_text_that_is_not_unicode_is_refused_without_repeating_it() -> None:
    query = to_query("half a pair: \ud800", "default", None, None)

    with pytest.raises(RefusedError, match="surrogates") as refused:
        to_bytes(query)

    assert "half a pair" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_cannot_carry_is_refused_by_its_name(value: float) -> None:
    given = Query(query_id="q-1", prompt="Two words?")

    for question in ("Two words?", given):
        with pytest.raises(RefusedError, match=r"parameters\.logit_bias\..*weight.*finite number"):
            to_query(question, "default", None, {"logit_bias": [{"weight": value}], "seed": 1.5})


def test_an_empty_conversation_is_refused() -> None:
    with pytest.raises(RefusedError, match="messages"):
        to_query([], "default", None, None)


def test_what_is_sent_decodes_as_the_query_with_its_reply_partition() -> None:
    query = to_query("Two words?", "default", None, None)

    sent = Query.decode(to_bytes(as_sent(query, 3, stream=True)))

    assert (sent.query_id, sent.reply_partition, sent.stream) == (query.query_id, 3, True)
    assert sent.sent_at is not None


def test_a_query_over_the_limit_is_refused_with_both_numbers() -> None:
    query = to_query("x" * MAX_QUERY_BYTES, "default", None, None)

    with pytest.raises(RefusedError, match=f"{MAX_QUERY_BYTES:,}") as refused:
        to_bytes(query)

    assert refused.value.kind == "too_long"


def test_a_query_at_the_limit_is_sent() -> None:
    query = to_query("", "default", None, None)
    room = MAX_QUERY_BYTES - len(to_bytes(query))

    exact = query.model_copy(update={"prompt": "x" * (room - 8)})

    assert len(to_bytes(exact)) <= MAX_QUERY_BYTES


def test_patience_outlasts_the_fleets_own_deadline() -> None:
    default = to_query("Two words?", "default", None, None)
    hurried = to_query("Two words?", "default", Preferences(max_wait_s=5), None)

    assert patience_s(default) > 600
    assert 5 < patience_s(hurried) < 600


def test_clients_are_told_the_deadline_that_holds() -> None:
    told = (Path(pointsman.__file__).parents[1] / "docs" / "clients.md").read_text()

    assert f"`max_wait_s`, else {DEFAULT_DEADLINE_S:g} s" in told
    assert DecisionSettings().default_deadline_s == DEFAULT_DEADLINE_S
    assert patience_s(to_query("Two words?", "default", None, None)) > DEFAULT_DEADLINE_S


def test_what_a_question_needs_comes_with_the_package() -> None:
    assert pointsman.Preferences is Preferences
