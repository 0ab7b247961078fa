from random import Random

import pytest
from pydantic import ValidationError

from services.simulator.faults import Behaviour, Fault, usual
from services.simulator.llm import Llm
from services.simulator.profiles import CAST
from services.simulator.wire import ApiError


def behaviour(**faults: float) -> Behaviour:
    return usual(CAST[0], speed=1).model_copy(update={"faults": {Fault(name): share for name, share in faults.items()}})


def test_faults_are_drawn_as_often_as_their_shares_say() -> None:
    random = Random(1)
    disturbed = behaviour(stall=0.2, silence=0.3)

    drawn = [disturbed.draw(random) for _ in range(10_000)]

    assert drawn.count(Fault.STALL) == pytest.approx(2000, rel=0.1)
    assert drawn.count(Fault.SILENCE) == pytest.approx(3000, rel=0.1)
    assert drawn.count(None) == pytest.approx(5000, rel=0.1)


def test_a_share_of_one_always_fails_and_none_never_does() -> None:
    random = Random(2)

    assert {behaviour(auth=1).draw(random) for _ in range(1000)} == {Fault.AUTH}
    assert {behaviour().draw(random) for _ in range(1000)} == {None}


@pytest.mark.parametrize(
    "change",
    [
        {"faults": {"stall": 0.6, "silence": 0.6}},
        {"faults": {"stall": -0.1}},
        {"faults": {"no_such": 0.1}},
        {"parallelism": 0},
        {"tokens_per_s": float("nan")},
        {"speed": 0},
        {"paralellism": 2},
    ],
)
def test_behaviour_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Behaviour.model_validate(behaviour().model_dump() | change)


def test_duration_is_first_token_and_tokens_at_the_given_speed() -> None:
    quick = Behaviour(parallelism=1, first_token_s=0.5, tokens_per_s=100, speed=2)

    assert quick.duration_s(300) == pytest.approx((0.5 + 3) / 2)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault.RATE_LIMIT, 429, "rate_limit_exceeded"),
        (Fault.SERVER_ERROR, 500, "server_error"),
        (Fault.OVERLOADED, 503, "overloaded"),
        (Fault.AUTH, 401, "invalid_api_key"),
        (Fault.CONTEXT_LENGTH, 400, "context_length_exceeded"),
        (Fault.CONTENT_FILTER, 400, "content_filter"),
    ],
)
def test_refusals_have_openais_status_and_code(fault: Fault, status: int, code: str) -> None:
    llm = Llm(CAST[0], speed=1)
    llm.behave(behaviour(**{fault: 1.0}))

    with pytest.raises(ApiError) as caught:
        llm.draw_fault()

    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_prompt_beyond_the_context_window_is_refused_with_both_numbers() -> None:
    llm = Llm(CAST[0], speed=1)
    llm.check_context(CAST[0].context_tokens)

    with pytest.raises(ApiError, match=f"{CAST[0].context_tokens + 1} > {CAST[0].context_tokens}"):
        llm.check_context(CAST[0].context_tokens + 1)
