from dataclasses import replace

import pytest

from services.executor.failures import LOST, Failure
from services.executor.outcomes import Work, answered, failed, refused, started
from services.executor.pieces import Answer
from shared.messages import Accepted, Attempt, Dispatch, Llm, Prediction, Query, Response, TokenForecast
from shared.stream.records import Position, Record
from shared.topics import home

LLM = Llm(
    name="small", base_url="http://x/v1", model="m", usd_per_mtok_input=10, usd_per_mtok_output=30, context_tokens=1000
)
ANSWER = Answer("Four.", "stop", None, 8, 2, 2, 0.1, 0.5)
FORECAST = TokenForecast(mean=5, p10=1, p90=9)
PREDICTION = Prediction(
    origin="1-7", accepted_at=90, llm="small", quality=0.5, response_tokens=FORECAST, uncertainty=0.5
)


def work(**query: object) -> Work:
    asked = Query.model_validate({"query_id": "q", "prompt": "2 + 2?"} | query)
    accepted = Accepted(query=asked, origin="1-7", accepted_at=90, vector="", encoder="e", prompt_tokens=6)
    dispatch = Dispatch(
        decision_id="d",
        accepted=accepted,
        llm="small",
        attempt=2,
        deadline=200,
        prediction=PREDICTION,
        prompt_tokens=6,
        service_s=1,
        stages={"embed": 0.5},
    )
    headers = {"traceparent": b"00-1-2-01", "other": b"x"}
    record = Record(Position("dispatch.small", 0, 3), b"", appended_at=95, headers=headers)
    return Work(record, dispatch, "executor-0", 4, "hash")


def test_an_answer_owes_a_response_and_an_attempt() -> None:
    owed = answered(work(), LLM, ANSWER, began=96, at=98)

    assert isinstance(owed, tuple)
    response, attempt = Response.decode(owed[0].value), Attempt.decode(owed[1].value)
    assert (response.text, response.wait_s, response.attempt) == ("Four.", 8, 2)
    assert response.stages == {"embed": 0.5, "queue": 1, "llm": 2}
    assert response.cost_usd == attempt.cost_usd == pytest.approx((8 * 10 + 2 * 30) / 1e6)
    assert (attempt.event, attempt.prompt_tokens, attempt.response_tokens) == ("answered", 8, 2)
    assert not response.usage_estimated
    assert {one.partition for one in owed} == {home("1-7", 4)}
    assert owed[0].headers == {"traceparent": b"00-1-2-01"}


def test_without_reported_usage_the_response_is_estimated_and_the_attempt_says_none() -> None:
    owed = answered(work(), LLM, replace(ANSWER, prompt_tokens=None, response_tokens=None), 96, 98)

    assert isinstance(owed, tuple)
    response, attempt = Response.decode(owed[0].value), Attempt.decode(owed[1].value)
    assert (response.prompt_tokens, response.response_tokens, response.usage_estimated) == (6, 2, True)
    assert (attempt.prompt_tokens, attempt.response_tokens, attempt.usage_estimated) == (None, None, True)


@pytest.mark.parametrize(("asked", "partition"), [(3, 3), (4, home("1-7", 4)), (None, home("1-7", 4))])
def test_the_response_goes_where_the_user_listens(asked: int | None, partition: int) -> None:
    owed = answered(work(reply_partition=asked), LLM, ANSWER, 96, 98)

    assert isinstance(owed, tuple)
    assert [one.partition for one in owed] == [partition, home("1-7", 4)]


def test_an_answer_too_large_for_a_record_is_a_failure() -> None:
    owed = answered(work(), LLM, replace(ANSWER, text="\x00" * 700_000), 96, 98)

    assert isinstance(owed, Failure)
    assert owed.kind == "oversized"


def test_a_failed_attempt_carries_the_whole_dispatch() -> None:
    (owed,) = failed(work(), LOST, at=98)

    attempt = Attempt.decode(owed.value)
    assert attempt.dispatch == work().dispatch
    assert attempt.error == LOST.error


def test_a_refusal_names_its_own_record() -> None:
    (owed,) = refused(work(), "id_reused", "take a new id", at=98)

    response = Response.decode(owed.value)
    assert (response.status, response.origin, response.decision_id) == ("refused", "1-7", None)


def test_a_started_call_is_told_without_the_prompt() -> None:
    assert b"2 + 2" not in started(work(), 96).value
