"""Failed attempts are decided again, from their record alone (protocol 3)."""

import pytest

from shared.errors import PermanentError
from shared.messages import Dispatch
from tests.unit.decision.stage import START, Stage, a_failure, a_prediction, an_accepted, an_llm

A, B = an_llm("a"), an_llm("b")


async def a_dispatch(stage: Stage, **query: object) -> Dispatch:
    """The first dispatch of a query for which `a` is best and `b` second."""
    await stage.accept(an_accepted(**query))  # type: ignore[arg-type]
    await stage.predict(a_prediction("a", quality=0.9))
    await stage.predict(a_prediction("b", quality=0.5))
    return stage.dispatches[-1]


async def test_a_failure_is_decided_again_without_the_llm_it_blames() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage)

    failed = await stage.fail(a_failure(first))

    second = stage.dispatches[-1]
    assert (first.llm, second.llm) == ("a", "b")
    assert (second.attempt, second.counted_attempts, second.excluded) == (2, 2, ("a",))
    assert second.decision_id != first.decision_id
    assert second.deadline == first.deadline
    assert second.prediction.quality == 0.5, "the prediction came with the failed attempt"
    assert failed.position in stage.finished
    receipt = stage.receipts[-1]
    assert [candidate.barred_by for candidate in receipt.candidates] == ["excluded", None]
    assert (receipt.attempt, receipt.propensity) == (2, 1.0)


async def test_a_lost_attempt_may_go_to_the_same_llm() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage)

    await stage.fail(a_failure(first, "lost", blames_llm=False))

    assert (stage.dispatches[-1].llm, stage.dispatches[-1].excluded) == ("a", ())


async def test_when_no_other_may_answer_the_blamed_llm_is_asked_again_after_a_pause() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage, preferences={"llms": ["a"]})

    await stage.fail(a_failure(first))
    assert len(stage.dispatches) == 1
    await stage.after(0.6)

    assert (stage.dispatches[-1].llm, stage.dispatches[-1].attempt) == ("a", 2)


async def test_the_only_llm_is_asked_again_within_seconds_however_often_its_circuit_refused() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))

    for _ in range(12):
        await stage.fail(a_failure(stage.dispatches[-1], "circuit", counts=False))
        # The pause of an attempt that does not count, then that before the same LLM is asked again.
        await stage.after(5)
        await stage.after(10)

    assert len(stage.dispatches) == 13


async def test_after_three_counted_attempts_the_query_fails() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))
    for _ in range(3):
        await stage.fail(a_failure(stage.dispatches[-1], "server_error"))
        await stage.after(5)

    [ending] = stage.endings
    assert [dispatch.attempt for dispatch in stage.dispatches] == [1, 2, 3]
    assert ending.undecided.attempt == 4
    assert ending.response.error is not None
    assert (ending.response.status, ending.response.error.kind) == ("failed", "attempts")
    assert "3 attempts failed, the last by server_error" in ending.response.error.message
    assert len(stage.finished) == 5


async def test_attempts_that_do_not_count_leave_the_others_their_number() -> None:
    stage = Stage(A, B)
    dispatch = await a_dispatch(stage)

    for number in range(2, 6):
        await stage.fail(a_failure(stage.dispatches[-1], "moved", blames_llm=False, counts=False))
        await stage.after(5)
        dispatch = stage.dispatches[-1]
        assert (dispatch.attempt, dispatch.counted_attempts) == (number, 1)

    assert stage.endings == []


async def test_an_uncounted_failure_is_followed_by_a_pause() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage)

    await stage.fail(a_failure(first, "removed", blames_llm=False, counts=False))
    assert len(stage.dispatches) == 1
    await stage.after(0.11)

    assert len(stage.dispatches) == 2


async def test_a_query_whose_llm_was_removed_goes_to_another() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage)
    stage.fleet.learn(an_llm("a", removed=True, revision=1))

    await stage.fail(a_failure(first, "removed", blames_llm=False, counts=False))
    await stage.after(0.2)

    assert stage.dispatches[-1].llm == "b"


async def test_past_the_deadline_nothing_is_tried_again() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage, preferences={"max_wait_s": 20})

    stage.now += 21
    await stage.fail(a_failure(first))

    [ending] = stage.endings
    assert ending.response.error is not None
    assert (ending.response.status, ending.response.error.kind) == ("failed", "deadline")
    assert "20 s" in ending.response.error.message


async def test_a_pause_ends_with_the_deadline() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted(preferences={"max_wait_s": 20}))
    await stage.predict(a_prediction("a"))
    stage.now += 19.8
    await stage.fail(a_failure(stage.dispatches[0]))

    await stage.after(0.25)

    assert [ending.response.status for ending in stage.endings] == ["failed"]


async def test_when_limits_leave_nobody_after_a_failure_the_query_fails_and_says_why() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage, preferences={"llms": ["a"]})
    stage.fleet.learn(an_llm("a", removed=True, revision=1))

    await stage.fail(a_failure(first, "removed", blames_llm=False, counts=False))
    await stage.after(0.2)

    [ending] = stage.endings
    assert ending.response.error is not None
    assert (ending.response.status, ending.response.error.kind) == ("failed", "llms")
    assert ending.response.error.message.startswith("1 attempt failed, the last by removed")


@pytest.mark.parametrize("event", ["started", "answered"])
async def test_other_events_of_attempts_are_finished_at_once(event: str) -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage)

    record = await stage.fail(a_failure(first).model_copy(update={"event": event, "error": None, "dispatch": None}))

    assert stage.finished[-1] == record.position
    assert len(stage.dispatches) == 1


async def test_a_failure_without_its_dispatch_is_left_to_the_lane() -> None:
    stage = Stage(A, B)
    first = await a_dispatch(stage)

    with pytest.raises(PermanentError, match="to carry its error and dispatch"):
        await stage.fail(a_failure(first).model_copy(update={"dispatch": None}))


async def test_every_ending_carries_the_id_of_its_claim_so_that_whoever_asks_again_is_answered_by_it() -> None:
    stage = Stage(A)
    first = await a_dispatch(stage)

    await stage.fail(a_failure(first.model_copy(update={"counted_attempts": 3})))
    await stage.accept(an_accepted("0-2", at=START - 601))

    assert [ending.response.error and ending.response.error.kind for ending in stage.endings] == [
        "attempts",
        "deadline",
    ]
    assert [ending.response.decision_id for ending in stage.endings] == [one.decision_id for one in stage.endings]
