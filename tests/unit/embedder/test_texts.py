"""What is embedded of a conversation."""

from typing import Any

import pytest

from services.embedder.texts import SHORT_CHARACTERS, text_of
from shared.errors import RefusedError
from shared.messages import Query


def conversation(*turns: tuple[str, Any]) -> Query:
    return Query.model_validate(
        {"query_id": "a", "messages": [{"role": role, "content": content} for role, content in turns]}
    )


LONG = "Explain in detail how the tides arise, and why there are two of them each day. " * 2


def test_a_long_last_user_turn_stands_alone_and_all_turns_are_counted() -> None:
    text = text_of(conversation(("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello!"), ("user", LONG)))

    assert text.embedded == LONG
    assert text.whole == f"Be brief.\nHi\nHello!\n{LONG}"


def test_a_short_last_turn_is_preceded_by_earlier_ones_until_it_says_enough() -> None:
    text = text_of(
        conversation(("user", "first of all"), ("user", LONG), ("assistant", "Moon."), ("user", "And the sun?"))
    )

    assert text.embedded == f"{LONG}\nMoon.\nAnd the sun?"
    assert len(text.embedded) >= SHORT_CHARACTERS


def test_turns_after_the_last_user_turn_are_counted_and_not_embedded() -> None:
    text = text_of(conversation(("user", LONG), ("assistant", "The moon")))

    assert text.embedded == LONG
    assert text.whole == f"{LONG}\nThe moon"


def test_parts_of_text_are_read_and_turns_without_content_are_empty() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "this?"}]

    text = text_of(conversation(("assistant", None), ("user", parts)))

    assert text.embedded == "What is\nthis?"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ([{"type": "image_url", "image_url": {"url": "http://x"}}], "not_supported"),
        ([{"type": "input_audio"}], "not_supported"),
        ([{"type": "text"}], "invalid"),
        (["just text"], "invalid"),
        (42, "invalid"),
    ],
)
def test_content_that_is_not_text_is_refused(content: Any, kind: str) -> None:
    with pytest.raises(RefusedError) as refused:
        text_of(conversation(("user", content)))

    assert refused.value.kind == kind
