"""The response owed for a record that cannot be served."""

import json

import pytest

from services.embedder.refusal import Refusals
from shared.errors import PermanentError, RefusedError, UnforeseenError
from shared.messages import Response
from shared.metrics import Metrics
from shared.stream.records import Outgoing, Position, Record
from shared.topics import home


def refuse(value: bytes, error: PermanentError, topic: str = "queries") -> tuple[Response, Outgoing]:
    (outgoing,) = Refusals(4, Metrics())(Record(Position(topic, 2, 9), value, 1.0), error)
    return Response.decode(outgoing.value), outgoing


def test_it_names_the_query_the_origin_and_the_reason() -> None:
    value = json.dumps({"query_id": "q", "tenant": "t", "prompt": ""}).encode()

    response, outgoing = refuse(value, RefusedError("empty_prompt", "say what you ask"))

    assert (response.query_id, response.tenant, response.origin) == ("q", "t", "2-9")
    assert response.status == "refused"
    assert response.error is not None
    assert (response.error.kind, response.error.message) == ("empty_prompt", "say what you ask")
    assert (outgoing.topic, outgoing.partition) == ("responses", home("2-9", 4))


def test_bytes_that_tell_nothing_are_refused_by_origin_alone() -> None:
    response, _ = refuse(b"\xff\xfe{", PermanentError("no JSON"))

    assert (response.query_id, response.tenant, response.origin) == ("", "default", "2-9")


def test_broken_utf8_elsewhere_does_not_hide_the_id() -> None:
    response, _ = refuse(b'{"query_id": "q", "prompt": "\xff"}', RefusedError("invalid", "utf-8"))

    assert response.query_id == "q"


@pytest.mark.parametrize(("asked", "partition"), [(3, 3), (4, None), (-1, None), ("2", None), (1e99, None)])
def test_it_goes_where_it_was_asked_for_if_there_is_such_a_partition(asked: object, partition: int | None) -> None:
    value = json.dumps({"query_id": "q", "reply_partition": asked}).encode()

    _, outgoing = refuse(value, RefusedError("invalid", "x"))

    assert outgoing.partition == (home("2-9", 4) if partition is None else partition)


def test_batch_queries_have_origins_of_their_own() -> None:
    response, _ = refuse(b"{}", RefusedError("invalid", "x"), topic="queries-batch")

    assert response.origin == "b2-9"


@pytest.mark.parametrize("query_id", ["", "a\nb", "x" * 201, 7, None, "\ud800"])
def test_an_id_that_is_none_is_not_passed_on(query_id: object) -> None:
    response, _ = refuse(json.dumps({"query_id": query_id}).encode(), RefusedError("invalid", "x"))

    assert response.query_id == ""


def test_a_bug_is_not_called_the_senders_fault_nor_shown() -> None:
    response, _ = refuse(b'{"query_id": "q"}', UnforeseenError("KeyError at texts.py:7"))

    assert response.error is not None
    assert response.error.kind == "internal"
    assert "texts.py" not in response.error.message
