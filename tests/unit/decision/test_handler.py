"""The join: when a query is decided, from what, and when its records are finished."""

import pytest

from services.decision.settings import DecisionSettings
from shared.errors import PermanentError
from shared.messages import Response
from shared.stream.handlers import Watermark
from shared.stream.records import Position, Record
from tests.unit.decision.stage import HOME, START, Stage, a_prediction, an_accepted, an_llm

A, B = an_llm("a"), an_llm("b")


async def test_a_query_is_decided_when_the_last_awaited_prediction_is_in() -> None:
    stage = Stage(A, B)

    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a", quality=0.9))
    assert stage.dispatches == []
    await stage.predict(a_prediction("b", quality=0.4))

    assert [dispatch.llm for dispatch in stage.dispatches] == ["a"]


async def test_receipt_then_dispatch_then_note_and_then_all_records_are_finished() -> None:
    stage = Stage(A)

    accepted = await stage.accept(an_accepted())
    prediction = await stage.predict(a_prediction("a"))

    assert stage.broker.topics == ["decisions", "dispatch.a", "capacity"]
    assert [record.partition for record, _ in stage.broker.records] == [HOME, 0, HOME]
    assert stage.finished == [accepted.position, prediction.position]
    assert stage.receipts[0].decision_id == stage.dispatches[0].decision_id
    assert (stage.notes[0].topic, stage.notes[0].partition, stage.notes[0].offset) == ("dispatch.a", 0, 0)
    assert stage.notes[0].service_s == stage.dispatches[0].service_s


async def test_nothing_is_dispatched_before_its_receipt_is_acknowledged() -> None:
    stage = Stage(A)
    stage.broker.away = {"decisions"}

    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))
    assert stage.broker.topics == []
    assert stage.finished == []

    stage.broker.away = set()
    await stage.until_finished()
    assert stage.broker.topics == ["decisions", "dispatch.a", "capacity"]


async def test_a_prediction_may_precede_its_query_and_waits_for_it() -> None:
    stage = Stage(A)

    prediction = await stage.predict(a_prediction("a"))
    assert stage.finished == []
    accepted = await stage.accept(an_accepted())

    assert [dispatch.llm for dispatch in stage.dispatches] == ["a"]
    assert set(stage.finished) == {accepted.position, prediction.position}


async def test_a_missing_prediction_is_replaced_by_the_marked_prior_after_a_quarter_second() -> None:
    stage = Stage(A, an_llm("b", prior_quality=0.3, prior_response_tokens=100))
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a", quality=0.9))

    await stage.after(0.24)
    assert stage.dispatches == []
    await stage.after(0.02)

    candidates = {candidate.llm: candidate for candidate in stage.receipts[0].candidates}
    assert stage.dispatches[0].llm == "a"
    assert (candidates["b"].late, candidates["b"].quality, candidates["b"].response_tokens.mean) == (True, 0.3, 100)
    assert (candidates["a"].late, candidates["a"].head) == (False, "head-1")
    assert [prediction.llm for prediction in stage.dispatches[0].alternatives] == []


async def test_late_predictions_do_not_change_a_sent_dispatch_and_are_finished_at_once() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted())
    await stage.after(0.3)

    late = await stage.predict(a_prediction("a"))

    assert len(stage.dispatches) == 1
    assert late.position in stage.finished


async def test_an_old_query_is_waited_for_a_tenth_of_its_age() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted(at=START - 40))

    await stage.after(3.9)
    assert stage.dispatches == []
    await stage.after(0.2)

    assert len(stage.dispatches) == 1


async def test_a_tenth_of_the_age_is_at_most_ten_seconds() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted(at=START - 500))

    await stage.after(9.9)
    assert stage.dispatches == []
    await stage.after(0.2)

    assert len(stage.dispatches) == 1


async def test_an_llm_that_is_quick_as_a_rule_is_waited_for_only_three_times_its_p99() -> None:
    stage = Stage(A)
    for number in range(20):
        await stage.accept(an_accepted(f"0-{number}"))
        stage.now += 0.01
        await stage.predict(a_prediction("a", origin=f"0-{number}"))

    await stage.accept(an_accepted("0-99"))
    await stage.after(0.035)

    assert len(stage.dispatches) == 21


async def test_an_llm_that_missed_five_is_not_awaited_until_a_prediction_comes_in_time() -> None:
    stage = Stage(A)
    for number in range(5):
        await stage.accept(an_accepted(f"0-{number}"))
        await stage.after(0.3)

    await stage.accept(an_accepted("0-5"))
    assert len(stage.dispatches) == 6, "the sixth is decided at once"

    stage.now += 0.05
    await stage.predict(a_prediction("a", origin="0-5"))
    await stage.accept(an_accepted("0-6"))
    assert len(stage.dispatches) == 6, "the seventh waits again"


async def test_a_prediction_that_comes_much_too_late_changes_nothing_for_an_llm_not_awaited() -> None:
    stage = Stage(A)
    for number in range(5):
        await stage.accept(an_accepted(f"0-{number}"))
        await stage.after(0.3)

    await stage.predict(a_prediction("a", origin="0-0"))
    await stage.accept(an_accepted("0-5"))

    assert len(stage.dispatches) == 6


async def test_llms_the_query_does_not_allow_are_not_awaited() -> None:
    stage = Stage(A, B)
    await stage.accept(an_accepted(preferences={"llms": ["a"]}))

    await stage.predict(a_prediction("a"))

    assert [dispatch.llm for dispatch in stage.dispatches] == ["a"]
    assert [candidate.barred_by for candidate in stage.receipts[0].candidates] == [None, "llms"]


async def test_a_removed_llm_is_neither_awaited_nor_a_candidate() -> None:
    stage = Stage(A, B)
    stage.fleet.learn(an_llm("b", removed=True, revision=1))

    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a", quality=0.1))

    assert [candidate.llm for candidate in stage.receipts[0].candidates] == ["a"]


async def test_an_orphaned_prediction_is_finished_once_its_partition_was_read_past_it() -> None:
    stage = Stage(A)
    orphan = await stage.predict(a_prediction("a", origin="0-7"))

    stage.watermarks[HOME] = Watermark(START + 9.9, False)
    await stage.after(60)
    assert stage.finished == []
    stage.watermarks[HOME] = Watermark(START + 10.1, False)
    await stage.after(2)

    assert stage.finished == [orphan.position]


async def test_an_orphaned_prediction_is_finished_ten_seconds_old_at_the_end_of_its_partition() -> None:
    stage = Stage(A)
    orphan = await stage.predict(a_prediction("a", origin="0-7"))

    stage.watermarks[HOME] = Watermark(None, True)
    await stage.after(9.9)
    assert stage.finished == []
    await stage.after(1.1)

    assert stage.finished == [orphan.position]


async def test_a_query_accepted_twice_is_decided_once() -> None:
    stage = Stage(A)

    await stage.accept(an_accepted())
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))
    await stage.accept(an_accepted())

    assert len(stage.dispatches) == 1
    assert len(stage.finished) == 4


async def test_without_any_llm_a_query_waits_a_while_and_is_then_refused() -> None:
    stage = Stage(settings=DecisionSettings(no_llms_wait_s=10))
    await stage.accept(an_accepted())

    await stage.after(9.9)
    assert stage.endings == []
    await stage.after(0.2)

    [ending] = stage.endings
    assert ending.response.status == "refused"
    assert ending.response.error is not None
    assert ending.response.error.kind == "no_llms"
    assert "pointsman llms add" in ending.response.error.message
    assert stage.receipts[0].refusal == "no_llms"
    assert len(stage.finished) == 1


async def test_an_llm_that_is_announced_meanwhile_gets_the_query() -> None:
    stage = Stage()
    await stage.accept(an_accepted())
    await stage.after(5)

    stage.fleet.learn(A)
    await stage.after(0.01)
    assert stage.dispatches == [], "its prediction is waited for"
    await stage.predict(a_prediction("a"))

    assert [dispatch.llm for dispatch in stage.dispatches] == ["a"]


async def test_what_went_to_another_replica_is_forgotten() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a", origin="0-8"))

    stage.handler.forget(frozenset({HOME}))
    await stage.after(60)

    assert stage.broker.topics == []
    assert stage.finished == []


async def test_a_query_read_again_after_it_was_forgotten_is_decided_again() -> None:
    stage = Stage(A)
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))

    stage.handler.forget(frozenset({HOME}))
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))

    first, second = stage.dispatches
    assert first.decision_id != second.decision_id
    assert (first.attempt, second.attempt) == (1, 1)


async def test_too_much_kept_pauses_what_brings_more() -> None:
    stage = Stage(A, settings=DecisionSettings(max_undecided=1, max_early_predictions=1))
    assert stage.handler.wants_pause() == frozenset()

    await stage.accept(an_accepted())
    assert stage.handler.wants_pause() == {"accepted", "attempts"}
    await stage.predict(a_prediction("a", origin="0-9"))

    assert stage.handler.wants_pause() == {"accepted", "attempts", "predictions"}


async def test_bytes_that_are_no_message_are_left_to_the_lane() -> None:
    stage = Stage(A)

    with pytest.raises(PermanentError, match="expected a Accepted"):
        await stage.handler.receive(Record(Position("accepted", HOME, 0), b"{}", START))


async def test_a_query_past_its_deadline_ends_as_failed() -> None:
    stage = Stage(A)

    await stage.accept(an_accepted(at=START - 601))

    [ending] = stage.endings
    assert ending.response.error is not None
    assert (ending.response.status, ending.response.error.kind) == ("failed", "deadline")
    assert stage.dispatches == []


async def test_a_dispatch_the_broker_never_takes_ends_the_query_and_frees_its_seconds() -> None:
    stage = Stage(A)
    stage.broker.refused = {"dispatch.a"}

    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))

    [ending] = stage.endings
    assert ending.response.error is not None
    assert ending.response.error.kind == "undispatchable"
    assert sum(load.outstanding_s for load in stage.outstanding.loads(A)) == 0
    assert len(stage.finished) == 2


async def test_a_receipt_the_broker_never_takes_is_a_dead_letter() -> None:
    stage = Stage(A)
    stage.broker.refused = {"decisions"}

    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a"))

    assert stage.broker.topics == ["accepted.dead", "responses"]
    assert len(stage.finished) == 2


async def test_an_ending_waits_for_the_database_and_its_records_stay_unfinished_meanwhile() -> None:
    stage = Stage(A)
    stage.database_away = True

    await stage.accept(an_accepted(at=START - 601))
    assert stage.finished == []
    await stage.until_finished()

    assert [ending.response.status for ending in stage.endings] == ["failed"]


async def test_a_dispatch_that_cannot_be_produced_before_the_deadline_ends_the_query() -> None:
    stage = Stage(A)
    stage.broker.away = {"dispatch.a"}
    await stage.accept(an_accepted(preferences={"max_wait_s": 20}))
    await stage.predict(a_prediction("a"))
    assert stage.endings == []

    stage.now += 21
    await stage.until_finished()

    [ending] = stage.endings
    assert ending.response.error is not None
    assert (ending.response.status, ending.response.error.kind) == ("failed", "deadline")
    assert sum(load.outstanding_s for load in stage.outstanding.loads(A)) == 0


async def test_a_query_that_cannot_be_decided_is_buried_and_refused_and_the_next_one_served() -> None:
    stage = Stage(A.model_copy(update={"usd_per_mtok_input": "free"}))

    accepted = await stage.accept(an_accepted("0-1"))
    prediction = await stage.predict(a_prediction("a", origin="0-1"))
    stage.fleet.learn(A)
    await stage.accept(an_accepted("0-2"))
    await stage.predict(a_prediction("a", origin="0-2"))

    [letter], [response] = stage.broker.on("accepted.dead"), stage.broker.on("responses")
    refusal = Response.decode(response.value)
    assert letter.headers["dead-error"] == b"UnforeseenError"
    assert letter.headers["dead-message"].startswith(b"TypeError at handler.py:")
    assert (refusal.origin, refusal.status, refusal.error and refusal.error.kind) == ("0-1", "refused", "internal")
    assert {accepted.position, prediction.position} <= set(stage.finished)
    assert [dispatch.accepted.origin for dispatch in stage.dispatches] == ["0-2"]
