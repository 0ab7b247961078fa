"""Whose query a dead letter was is told by its bytes, if anything tells."""

import pytest

from shared.errors import UnforeseenError
from shared.messages import Attempt, Message, Response
from shared.stream.records import Outgoing, Position, Record
from shared.stream.unserved import Unserved
from shared.topics import home
from tests.unit.executor.test_outcomes import work

DISPATCH = work(reply_partition=3).dispatch
FAILED = Attempt(
    event="failed", decision_id="d", origin="1-7", query_id="q", tenant="default", accepted_at=90, attempt=1,
    llm="small", instance="executor-0", at=95, dispatch=DISPATCH,
)  # fmt: skip


def owed(topic: str, value: bytes, home_partitions: int = 4) -> tuple[Outgoing, ...]:
    refuse = Unserved(home_partitions, lambda: 100.0)
    return refuse(Record(Position(topic, 0, 0), value, 95.0), UnforeseenError("KeyError at texts.py:7"))


@pytest.mark.parametrize(
    ("topic", "message"), [("accepted", DISPATCH.accepted), ("attempts", FAILED), ("dispatch.small", DISPATCH)]
)
def test_its_sender_is_told_where_it_listens(topic: str, message: Message) -> None:
    [outgoing] = owed(topic, message.encode())

    response = Response.decode(outgoing.value)
    assert (response.query_id, response.origin, response.status, response.wait_s) == ("q", "1-7", "refused", 10.0)
    assert response.error is not None
    assert response.error.kind == "internal"
    assert (outgoing.topic, outgoing.partition) == ("responses", 3)


def test_an_asked_partition_that_does_not_exist_means_home() -> None:
    [outgoing] = owed("dispatch.small", DISPATCH.encode(), home_partitions=2)

    assert outgoing.partition == home("1-7", 2)


@pytest.mark.parametrize("topic", ["accepted", "attempts", "predictions", "dispatch.small"])
def test_bytes_that_tell_nobody_owe_nothing(topic: str) -> None:
    assert owed(topic, b"{}") == ()
