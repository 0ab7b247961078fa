from pointsman.client.inbox import Inbox, Pending
from pointsman.client.transcript import Event, Text
from shared.messages import Query, Response, ResponseChunk, ResponseError
from shared.stream.records import Position, Record

QUERY = Query(query_id="q", prompt="Two words?")


def record(message: Response | ResponseChunk | bytes, topic: str = "responses") -> Record:
    value = message if isinstance(message, bytes) else message.encode()
    return Record(Position(topic, 0, 0), value, appended_at=0.0)


def response(origin: str = "0-7", text: str = "Two words", decision_id: str | None = "d") -> Response:
    return Response(
        query_id="q", tenant="default", origin=origin, status="answered", text=text, decision_id=decision_id
    )


def refusal(origin: str, kind: str, decision_id: str | None = None) -> Response:
    error = ResponseError(kind=kind, message="no")
    return Response(
        query_id="q", tenant="default", origin=origin, status="refused", error=error, decision_id=decision_id
    )


def drain(pending: Pending) -> list[Event]:
    return [pending.events.get_nowait() for _ in range(pending.events.qsize())]


def test_an_answer_reaches_the_call_that_waits_for_it() -> None:
    inbox = Inbox()
    with inbox.expect(QUERY) as pending:
        pending.acknowledge("0-7")

        inbox.receive(record(response()))

    assert drain(pending) == [Text("Two words"), response()]


def test_an_answer_that_overtakes_the_acknowledgement_is_kept_for_it() -> None:
    inbox = Inbox()
    with inbox.expect(QUERY) as pending:
        inbox.receive(record(response()))
        assert drain(pending) == []

        pending.acknowledge("0-7")

    assert drain(pending)[-1] == response()


def test_a_refusal_of_another_record_is_ignored() -> None:
    inbox = Inbox()
    with inbox.expect(QUERY) as pending:
        pending.acknowledge("0-7")

        inbox.receive(record(refusal("3-1", "invalid")))
        inbox.receive(record(refusal("3-1", "id_reused", decision_id="d")))
        assert drain(pending) == []
        inbox.receive(record(refusal("0-7", "id_reused")))

    assert drain(pending) == [refusal("0-7", "id_reused")]


def test_a_query_asked_again_takes_the_answer_of_its_identity() -> None:
    inbox = Inbox()
    with inbox.expect(QUERY) as pending:
        pending.acknowledge("0-7")

        inbox.receive(record(response(origin="0-2")))

    assert drain(pending)[-1] == response(origin="0-2")


def test_pieces_of_another_record_are_ignored() -> None:
    piece = ResponseChunk(query_id="q", tenant="default", origin="3-1", attempt=1, seq=0, text="Tw")
    inbox = Inbox()
    with inbox.expect(QUERY) as pending:
        pending.acknowledge("0-7")

        inbox.receive(record(piece, topic="response-chunks"))

    assert drain(pending) == []


def test_other_tenants_queries_of_the_same_id_are_ignored() -> None:
    inbox = Inbox()
    with inbox.expect(QUERY.model_copy(update={"tenant": "acme"})) as pending:
        pending.acknowledge("0-7")

        inbox.receive(record(response()))

    assert drain(pending) == []


def test_unreadable_records_are_passed_over() -> None:
    inbox = Inbox()
    with inbox.expect(QUERY) as pending:
        pending.acknowledge("0-7")

        inbox.receive(record(b"\xff not JSON"))
        inbox.receive(record(response()))

    assert drain(pending)[-1] == response()


def test_nothing_is_kept_of_a_call_that_ended() -> None:
    inbox = Inbox()
    with inbox.expect(QUERY) as pending:
        pending.acknowledge("0-7")

    inbox.receive(record(response()))

    assert drain(pending) == []


def test_of_two_calls_of_one_id_only_that_of_the_same_content_shares_the_answer() -> None:
    inbox = Inbox()
    other = QUERY.model_copy(update={"prompt": "Three words?"})
    with inbox.expect(QUERY) as first, inbox.expect(QUERY) as again, inbox.expect(other) as reused:
        for number, pending in enumerate((first, again, reused)):
            pending.acknowledge(f"0-{number}")

        inbox.receive(record(response(origin="0-0")))

    assert drain(first)[-1] == drain(again)[-1] == response(origin="0-0")
    assert drain(reused) == []
