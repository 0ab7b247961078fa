from pathlib import Path

import pytest

from pointsman.command.ask import summary
from pointsman.command.output import writer_of_text
from shared.messages import Response


def response(**fields: object) -> Response:
    return Response.model_validate(
        {"query_id": "q", "tenant": "default", "origin": "0-0", "status": "answered"} | fields
    )


def test_the_last_line_says_who_answered_at_what_price_and_wait() -> None:
    told = summary(response(llm="small", cost_usd=0.00012, wait_s=1.23))

    assert told == "small · $0.00012 · 1.2 s · why: pointsman explain q"


def test_the_last_line_repeats_where_the_fleet_is_and_whose_query_it_was() -> None:
    told = summary(response(tenant="acme"), Path("elsewhere"))

    assert told == "why: pointsman explain q --state elsewhere --tenant acme"


def test_what_is_no_terminal_gets_the_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    writer_of_text()("a\x1b[31mb\n")

    assert capsys.readouterr().out == "a\x1b[31mb\n"


def test_a_terminal_gets_no_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    writer_of_text()("a\x1b[31mb\n\tc\r")

    assert capsys.readouterr().out == "a[31mb\n\tc"
