"""The executor's process between a real broker, a real database and an HTTP endpoint."""

import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.executor.bench import Bench, Executors, a_dispatch, until
from tests.integration.executor.conftest import MakeLlm
from tests.integration.executor.endpoint import KEY, FakeEndpoint

Process = subprocess.Popen[bytes]


@pytest.fixture(scope="module", autouse=True)
def executor(executors: Executors, names: list[str]) -> Process:
    """One process for all tests here; each test has LLMs of its own."""
    return executors.start(*names, instance="executor-0", circuit_failures=1000, circuit_first_s=3, stall_s=2)


async def test_a_dispatch_is_answered(bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "answer", tenant="acme", reply_partition=3)

    (position,) = await bench.dispatch(dispatch)
    response = await bench.answered(dispatch)
    await bench.finished(position)

    assert (response.status, response.text, response.llm, response.tenant) == ("answered", "Four.", llm.name, "acme")
    assert response.cost_usd == pytest.approx((7 * 1 + 2 * 2) / 1e6)
    assert set(response.stages) == {"embed", "queue", "llm"}
    assert (response.decision_id, response.origin) == (dispatch.decision_id, dispatch.accepted.origin)
    query_id = dispatch.accepted.query.query_id
    assert bench.watch.responses[query_id][0][0].position.partition == 3
    await until(lambda: bench.watch.events(query_id) == ["answered", "started"])
    assert endpoint.total == 1


async def test_each_failure_is_an_attempt_that_carries_its_dispatch(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint
) -> None:
    llm = await make_llm(parallelism=8)
    rows = {
        "status 500": ("server_error", True),
        "status 503": ("overloaded", True),
        "status 429": ("rate_limited", True),
        "status 400 context_length_exceeded": ("context_too_long", True),
        "status 400 content_filter": ("content_refused", True),
        "stall": ("timeout", True),
        "html": ("garbage", True),
        "half": ("garbage", True),
        "endless": ("oversized", True),
    }
    dispatches = {prompt: a_dispatch(llm.name, prompt) for prompt in rows}
    silent, late = a_dispatch(llm.name, "silent", deadline_s=10), a_dispatch(llm.name, "answer", deadline_s=-1)

    for number, dispatch in enumerate([*dispatches.values(), silent, late]):
        await bench.dispatch(dispatch, partition=number % 8)

    for prompt, (kind, blames) in rows.items():
        attempt = await bench.failed(dispatches[prompt])
        assert attempt.error is not None
        assert (attempt.error.kind, attempt.error.blames_llm, attempt.error.counts) == (kind, blames, True)
        assert attempt.dispatch == dispatches[prompt]
    assert (await bench.failed(silent)).error.kind == "timeout"  # type: ignore[union-attr]
    assert (await bench.failed(late)).error.kind == "deadline"  # type: ignore[union-attr]
    assert endpoint.calls["answer"] == 0
    assert not any(bench.watch.responses.values())


async def test_a_short_retry_after_is_waited_out_inside_the_attempt(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint
) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "busy")

    await bench.dispatch(dispatch)
    await bench.answered(dispatch)

    query_id = dispatch.accepted.query.query_id
    await until(lambda: "answered" in bench.watch.events(query_id))
    assert bench.watch.events(query_id) == ["answered", "started"]
    assert endpoint.calls["busy"] == 2


async def test_refused_credentials_close_the_llm_until_they_are_mended(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint
) -> None:
    llm = await make_llm(api_key_file="key")
    (bench.folder / "key").write_text("sk-wrong")
    first, second, third = (a_dispatch(llm.name, "key") for _ in range(3))

    await bench.dispatch(first)
    refused = await bench.failed(first)
    await bench.dispatch(second)
    bounced = await bench.failed(second)
    (bench.folder / "key").write_text(KEY)
    announced = bench.watch.capacity[llm.name]
    await until(lambda: announced[-1].healthy and any(not one.healthy for one in announced))
    await bench.dispatch(third)
    await bench.answered(third)

    assert refused.error is not None
    assert bounced.error is not None
    assert (refused.error.kind, bounced.error.kind, bounced.error.counts) == ("auth", "circuit", False)
    assert {one.reason for one in announced} == {None, "auth"}
    assert endpoint.calls["key"] == 2


async def test_one_decision_twice_is_one_call(bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "hold")

    positions = await bench.dispatch(dispatch, dispatch)
    positions += await bench.dispatch(dispatch, partition=1)
    await until(lambda: endpoint.total == 1)
    endpoint.released.set()
    await bench.answered(dispatch)
    for position in (positions[1], positions[2]):
        await bench.finished(position)

    assert endpoint.total == 1
    assert len(bench.watch.responses[dispatch.accepted.query.query_id]) == 1


async def test_another_decision_for_an_answered_query_repeats_its_response(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint
) -> None:
    llm = await make_llm()
    first = a_dispatch(llm.name, "answer", reply_partition=0)
    again = a_dispatch(llm.name, "answer", reply_partition=1, query_id=first.accepted.query.query_id)

    (position,) = await bench.dispatch(first)
    await bench.finished(position)
    await bench.dispatch(again)
    responses = bench.watch.responses[first.accepted.query.query_id]
    await until(lambda: len(responses) == 2)

    assert responses[0][0].value == responses[1][0].value
    assert [record.position.partition for record, _ in responses] == [0, 1]
    assert endpoint.total == 1


async def test_who_asks_again_elsewhere_while_the_call_runs_gets_its_response_too_and_holds_up_nobody(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint
) -> None:
    asked, other = await make_llm(parallelism=1), await make_llm(parallelism=1)
    first = a_dispatch(asked.name, "hold", reply_partition=0)
    again = a_dispatch(other.name, "hold", reply_partition=1, query_id=first.accepted.query.query_id)
    behind = a_dispatch(other.name, "answer")

    await bench.dispatch(first)
    await until(lambda: endpoint.total == 1)
    await bench.dispatch(again, behind)
    await bench.answered(behind)
    endpoint.released.set()
    responses = bench.watch.responses[first.accepted.query.query_id]
    await until(lambda: {record.position.partition for record, _ in responses} == {0, 1})

    assert len({record.value for record, _ in responses}) == 1
    assert endpoint.calls["hold"] == 1


async def test_an_id_used_for_another_query_is_refused(bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint) -> None:
    llm = await make_llm()
    first = a_dispatch(llm.name, "answer")
    other = a_dispatch(llm.name, "answer differently", query_id=first.accepted.query.query_id)

    (position,) = await bench.dispatch(first)
    await bench.finished(position)
    await bench.dispatch(other)
    responses = bench.watch.responses[first.accepted.query.query_id]
    await until(lambda: len(responses) == 2)

    refusal = responses[1][1]
    assert (refusal.status, refusal.origin) == ("refused", other.accepted.origin)
    assert refusal.error is not None
    assert refusal.error.kind == "id_reused"
    assert endpoint.total == 1


async def test_a_stream_comes_in_ordered_pieces_and_whole(bench: Bench, make_llm: MakeLlm) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "slowly", stream=True, reply_partition=2)

    await bench.dispatch(dispatch)
    response = await bench.answered(dispatch)

    pieces = bench.watch.chunks[dispatch.accepted.query.query_id]
    await until(lambda: pieces and pieces[-1].final)
    assert "".join(piece.text for piece in pieces) == response.text == "0 1 2 3 4 "
    assert [piece.seq for piece in pieces] == list(range(len(pieces)))
    assert len(pieces) > 2
    assert not any(piece.final for piece in pieces[:-1])


async def test_the_queue_of_a_removed_llm_is_given_back(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint, executor: Process
) -> None:
    llm = await make_llm(parallelism=1)
    called, waiting = a_dispatch(llm.name, "hold"), [a_dispatch(llm.name, "answer") for _ in range(5)]

    await bench.dispatch(called, *waiting)
    await until(lambda: endpoint.total == 1)
    await bench.announce(llm.model_copy(update={"revision": 2, "removed": True}))
    await until(lambda: _logged(bench, executor, "descriptor changed", llm.name))
    endpoint.released.set()
    await bench.answered(called)

    for dispatch in waiting:
        error = (await bench.failed(dispatch)).error
        assert error is not None
        assert (error.kind, error.counts, error.blames_llm) == ("removed", False, False)
    await until(lambda: _logged(bench, executor, "lane closed", llm.name))
    assert endpoint.total == 1


async def test_partitions_without_slots_are_given_back(bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint) -> None:
    llm = await make_llm(parallelism=4)
    await bench.announce(llm.model_copy(update={"revision": 2, "parallelism": 2}))
    moved, kept = a_dispatch(llm.name, "answer"), a_dispatch(llm.name, "answer")

    await bench.dispatch(moved, partition=3)
    await bench.dispatch(kept, partition=1, batch=True)

    error = (await bench.failed(moved)).error
    await bench.answered(kept)
    assert error is not None
    assert (error.kind, error.counts) == ("moved", False)
    assert endpoint.total == 1


async def test_what_an_executor_has_to_do_is_announced(bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint) -> None:
    llm = await make_llm(parallelism=1)

    positions = await bench.dispatch(a_dispatch(llm.name, "hold"), a_dispatch(llm.name, "answer"))
    announced = bench.watch.capacity[llm.name]
    await until(lambda: any(one.in_flight for message in announced for one in message.partitions))
    endpoint.released.set()
    for position in positions:
        await bench.finished(position)
    await until(
        lambda: announced[-1].first_token_s is not None and not any(one.in_flight for one in announced[-1].partitions)
    )

    busy = next(one for message in announced for one in message.partitions if one.in_flight)
    assert (busy.slots, busy.in_flight, busy.queued_s) == (1, 1, 0)
    assert busy.next_offset == positions[0].offset + 1
    assert 0 < busy.remaining_s <= 0.5
    assert announced[-1].instance == "executor-0"
    (idle,) = [one for one in announced[-1].partitions if one.topic == positions[1].topic]
    assert idle.next_offset == positions[1].offset + 1
    assert announced[-1].prompt_token_ratio == pytest.approx(7 / 5)


def _logged(bench: Bench, executor: Process, event: str, llm: str) -> bool:
    return any(event in line and llm in line for line in bench.executors.log(executor).splitlines())


async def test_an_executor_whose_clock_is_wrong_tells_broker_time_from_its_first_announcement_on(
    bench: Bench, make_llm: MakeLlm, executors: Executors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    llm, late = await make_llm(), "executor-late"
    (tmp_path / "sitecustomize.py").write_text("import time\nreal = time.time\ntime.time = lambda: real() + 1000\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    executors.start(llm.name, instance=late)
    announced = bench.watch.capacity[llm.name]
    await until(lambda: any(one.instance == late and one.partitions for one in announced))

    told = [one for one in announced if one.instance == late]
    times = [one.at for one in told] + [part.owned_since for one in told for part in one.partitions]
    assert max(times) < time.time() + 100
