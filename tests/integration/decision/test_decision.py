"""One replica on a real broker and a real database."""

import asyncio
import time
from functools import partial

import psutil

from pointsman.local.process import Child
from shared.database.claims import ClaimKey, Claims, ClaimState
from shared.database.engine import Database
from shared.stream.admin import committed_offsets, end_offsets
from shared.stream.records import Outgoing
from shared.topics import ACCEPTED, ATTEMPTS, PREDICTIONS, RESPONSES
from tests.integration.decision.play import Play, eventually
from tests.integration.serving import metric


async def test_a_query_is_decided_dispatched_and_decided_again_after_a_failure(play: Play) -> None:
    good, second = await play.llm(), await play.llm()
    await play.replica()
    accepted = play.accepted(good, second)

    await play.predict(accepted, good, 0.9)
    await play.predict(accepted, second, 0.5)
    await play.accept(accepted)
    [(dispatched, first)] = await play.dispatches(good, 1)
    receipt_record, receipt = await play.receipt(accepted)

    assert receipt_record.appended_at <= dispatched.appended_at
    assert receipt_record.position.partition == play.home_of(accepted)
    assert receipt.decision_id == first.decision_id
    assert {candidate.llm: candidate.late for candidate in receipt.candidates if candidate.barred_by is None} == {
        good.name: False,
        second.name: False,
    }
    await eventually(lambda: any(note.llm == good.name for note in play.notes), "a note of the dispatch")

    await play.fail(first)
    [(_, again)] = await play.dispatches(second, 1)
    assert (again.attempt, again.excluded, again.prediction.quality) == (2, (good.name,), 0.5)

    await play.fail(again)
    redispatched = (await play.dispatches(good, 2))[-1][1]
    assert redispatched.attempt == 3, "nobody else is left: the first one is asked again"
    await play.fail(redispatched)
    _, response = await play.response(accepted)
    assert response.error is not None
    assert (response.status, response.error.kind, response.attempt) == ("failed", "attempts", 4)


async def test_predictions_may_come_before_their_query_or_not_at_all(play: Play) -> None:
    llm, silent = await play.llm(), await play.llm(prior_quality=0.1)
    await play.replica()
    early, missing = play.accepted(llm), play.accepted(llm, silent)

    await play.predict(early, llm, 0.7)
    await play.accept(early)
    await play.predict(missing, llm, 0.6)
    await play.accept(missing)
    _, early_receipt = await play.receipt(early)
    _, missing_receipt = await play.receipt(missing)

    by_name = {candidate.llm: candidate for candidate in missing_receipt.candidates}
    assert next(one for one in early_receipt.candidates if one.llm == llm.name).quality == 0.7
    assert (by_name[llm.name].late, by_name[silent.name].late, by_name[silent.name].quality) == (False, True, 0.1)
    assert len(await play.dispatches(llm, 2)) == 2


async def test_all_that_was_read_is_finished_in_the_end(play: Play) -> None:
    llm = await play.llm()
    await play.replica()
    accepted = play.accepted(llm)

    await play.predict(accepted, llm, 0.7)
    await play.accept(accepted)
    await play.predict(play.accepted(llm), llm, 0.7)
    await play.producer([Outgoing(PREDICTIONS.name, b"no prediction", 0)])
    await play.dispatches(llm, 1)

    for topic in (ACCEPTED.name, PREDICTIONS.name, ATTEMPTS.name):
        await _until_committed(play, topic)


async def _until_committed(play: Play, topic: str) -> None:
    """Wait until the group has finished all there is; an orphaned prediction is given up after 10 s."""
    ends = {place: end for place, end in (await end_offsets(play.kafka, topic)).items() if end}
    deadline = time.monotonic() + 60
    while True:
        done = await committed_offsets(play.kafka, "decision", topic)
        if all(done.get(place, 0) >= end for place, end in ends.items()):
            return
        assert time.monotonic() < deadline, f"{topic}: committed {done}, ends {ends}"
        await asyncio.sleep(0.2)


async def test_each_hard_limit_refuses_under_a_claim(play: Play, url: str) -> None:
    llm = await play.llm(prior_tokens_per_s=1.0)
    replica = await play.replica()
    asked = {
        "max_cost_usd": play.accepted(llm, max_cost_usd=1e-6),
        "max_wait_s": play.accepted(llm, max_wait_s=300),
        "context": play.accepted(llm).model_copy(update={"prompt_tokens": 10_000}),
        "llms": play.accepted(llm, llms=["nobody"]),
    }
    database = Database(url)
    claims = Claims(database)

    for kind, accepted in asked.items():
        await play.predict(accepted, llm, 0.9, tokens=400)
        await play.accept(accepted)
        record, response = await play.response(accepted)
        assert response.error is not None
        assert (response.status, response.error.kind) == ("refused", kind)
        await _until_emptied(claims, accepted.query.query_id, record.position.offset)
        _, receipt = await play.receipt(accepted)
        assert (receipt.refusal, receipt.decision_id) == (kind, response.decision_id)
        await eventually(partial(_counted, replica, kind), "the refusal is counted by its kind")
    await database.close()


def _counted(replica: Child, kind: str) -> bool:
    return metric(replica, f'refused_queries_total{{kind="{kind}"}}') == 1


async def _until_emptied(claims: Claims, query_id: str, offset: int) -> None:
    """The response is there before its outbox is emptied."""
    async with asyncio.timeout(30):
        while (claim := await claims.get(ClaimKey("default", query_id, 1))) is None or claim.outbox:
            await asyncio.sleep(0.02)
    assert claim.state is ClaimState.REFUSED
    assert claim.response_at is not None
    assert (claim.response_at.topic, claim.response_at.offset) == (RESPONSES.name, offset)


async def test_a_refused_query_sent_again_gets_the_same_response_and_another_content_is_refused(play: Play) -> None:
    llm = await play.llm()
    await play.replica()
    once = play.accepted(llm, max_cost_usd=1e-6)
    other = play.accepted(llm, max_cost_usd=1e-6, query_id=once.query.query_id, prompt="3 + 3?")

    await play.accept(once)
    first, _ = await play.response(once)
    twice = play.accepted(llm, max_cost_usd=1e-6, query_id=once.query.query_id)
    await play.accept(twice)
    second, _ = await play.response(once, 2)
    await play.accept(other)
    _, reused = await play.response(once, 3)

    assert first.value == second.value
    assert reused.error is not None
    assert (reused.error.kind, reused.origin) == ("id_reused", other.origin)


async def test_a_removed_llm_is_considered_no_more(play: Play) -> None:
    llm, other = await play.llm(), await play.llm()
    await play.replica()
    gone = llm.model_copy(update={"removed": True, "revision": 2})
    await play.producer([Outgoing("llms", gone.encode(), key=llm.name.encode())])

    seen: list[str] = [llm.name]
    while llm.name in seen:
        accepted = play.accepted(llm, other)
        await play.predict(accepted, llm, 0.9)
        await play.predict(accepted, other, 0.1)
        await play.accept(accepted)
        _, receipt = await play.receipt(accepted)
        seen = [candidate.llm for candidate in receipt.candidates]

    assert receipt.llm == other.name


async def test_a_replica_that_only_dispatches_stays_within_its_memory(play: Play) -> None:
    llms = [await play.llm() for _ in range(4)]
    replica = await play.replica()

    asked = [play.accepted(*llms) for _ in range(100)]
    for accepted in asked:
        for llm in llms:
            await play.predict(accepted, llm, 0.8)
        await play.accept(accepted)
    for accepted in asked:
        await play.receipt(accepted)

    resident = psutil.Process(replica.pid).memory_info().rss
    assert resident < 80e6, f"{resident / 1e6:.0f} MB"
