import pytest

from services.trainer.handler import sort
from shared.messages import Feedback
from shared.stream.records import Position, Record
from tests.unit.trainer.samples import answered, receipt


def record(topic: str, value: bytes) -> Record:
    return Record(Position(topic, 1, 2), value, appended_at=100.0)


def test_each_topic_has_its_place() -> None:
    feedback = Feedback(query_id="q", satisfied=True)
    records = [
        record("feedback", feedback.encode()),
        record("decisions", receipt("q").encode()),
        record("attempts", answered("q").encode()),
    ]

    kept = sort(records, store_text=False)

    assert (kept.receipts, kept.attempts, kept.refused) == ([receipt("q")], [answered("q")], [])
    assert [(said.feedback, said.at, said.position.topic) for said in kept.said] == [(feedback, 100.0, "feedback")]


@pytest.mark.parametrize(("store_text", "text"), [(False, None), (True, "why?")])
def test_texts_are_kept_only_when_told_to(store_text: bool, text: str | None) -> None:
    [kept] = sort([record("decisions", receipt("q", text="why?").encode())], store_text=store_text).receipts

    assert kept.text == text


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        ("decisions", b""),
        ("decisions", b"\xff\xfe"),
        ("decisions", b"{}"),
        ("attempts", b"[]"),
        ("attempts", answered("q").encode().replace(b"answered", b"shrugged")),
        ("feedback", b'{"query_id": "q"}'),
        ("feedback", b'{"query_id": "q", "quality": 1.5}'),
        ("feedback", b'{"query_id": "q", "quality": NaN}'),
        ("feedback", b'{"query_id": "q", "satisfied": true, "quality": 0.5}'),
        ("feedback", b'{"query_id": "q\\u0000", "satisfied": true}'),
    ],
)
def test_what_is_no_message_is_refused_and_the_rest_kept(topic: str, value: bytes) -> None:
    poison, good = record(topic, value), record("attempts", answered("q").encode())

    kept = sort([poison, good], store_text=False)

    assert [refused for refused, _ in kept.refused] == [poison]
    assert (kept.attempts, kept.receipts, kept.said) == ([answered("q")], [], [])
