from hypothesis import given
from hypothesis import strategies as st

from pointsman.client.transcript import Restart, Text, Transcript
from shared.messages import Response, ResponseChunk


def chunk(attempt: int, seq: int, text: str) -> ResponseChunk:
    return ResponseChunk(query_id="q", tenant="default", origin="0-0", attempt=attempt, seq=seq, text=text)


def answered(text: str, attempt: int = 1) -> Response:
    return Response(query_id="q", tenant="default", origin="0-0", status="answered", text=text, attempt=attempt)


def test_pieces_in_order_are_shown_as_they_come() -> None:
    transcript = Transcript()

    assert transcript.add(chunk(1, 0, "Two ")) == [Text("Two ")]
    assert transcript.add(chunk(1, 1, "words")) == [Text("words")]


def test_repeated_pieces_are_shown_once() -> None:
    transcript = Transcript()
    transcript.add(chunk(1, 0, "Two "))

    assert transcript.add(chunk(1, 0, "Two ")) == []


def test_a_piece_that_came_too_early_waits_for_those_before_it() -> None:
    transcript = Transcript()

    assert transcript.add(chunk(1, 1, "words")) == []
    assert transcript.add(chunk(1, 0, "Two ")) == [Text("Two "), Text("words")]


def test_a_new_attempt_voids_what_was_shown_and_silences_the_old_one() -> None:
    transcript = Transcript()
    transcript.add(chunk(1, 0, "Tw"))

    assert transcript.add(chunk(2, 0, "Deux")) == [Restart(2), Text("Deux")]
    assert transcript.add(chunk(1, 1, "o")) == []


def test_a_new_attempt_needs_no_restart_when_nothing_was_shown() -> None:
    assert Transcript().add(chunk(2, 0, "Deux")) == [Text("Deux")]


def test_the_response_completes_what_was_shown() -> None:
    transcript = Transcript()
    transcript.add(chunk(1, 0, "Two "))

    assert transcript.end(answered("Two words")) == [Text("words"), answered("Two words")]


def test_a_response_that_says_something_else_replaces_what_was_shown() -> None:
    transcript = Transcript()
    transcript.add(chunk(1, 0, "Two "))
    response = answered("Deux mots", attempt=2)

    assert transcript.end(response) == [Restart(2), Text("Deux mots"), response]


def test_a_failure_adds_no_text() -> None:
    transcript = Transcript()
    transcript.add(chunk(1, 0, "Two "))
    failed = Response(query_id="q", tenant="default", origin="0-0", status="failed")

    assert transcript.end(failed) == [failed]


@given(st.data(), st.lists(st.lists(st.text(min_size=1), max_size=5), min_size=1, max_size=4))
def test_whatever_the_order_a_reader_ends_with_the_response(data: st.DataObject, attempts: list[list[str]]) -> None:
    chunks = [chunk(number, seq, text) for number, texts in enumerate(attempts, 1) for seq, text in enumerate(texts)]
    arriving = data.draw(st.lists(st.sampled_from(chunks), max_size=30)) if chunks else []
    response = answered("".join(attempts[-1]), attempt=len(attempts))
    transcript = Transcript()

    shown = ""
    for event in [event for piece in arriving for event in transcript.add(piece)] + transcript.end(response):
        match event:
            case Text(text):
                shown += text
            case Restart():
                shown = ""

    assert shown == response.text
