"""What must hold when an executor is killed, drained, or Postgres goes away."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from shared.database.claims import ClaimKey, Claims, ClaimState
from shared.database.engine import Database
from shared.messages import Dispatch
from tests.integration.executor.bench import Bench, a_dispatch, until
from tests.integration.executor.conftest import MakeLlm
from tests.integration.executor.endpoint import FakeEndpoint
from tests.integration.executor.outage import Way


@pytest.fixture
async def claims(bench: Bench) -> AsyncIterator[Claims]:
    database = Database(bench.executors.postgres)
    yield Claims(database)
    await database.close()


def key(dispatch: Dispatch) -> ClaimKey:
    query = dispatch.accepted.query
    return ClaimKey(query.tenant, query.query_id, dispatch.attempt)


@pytest.mark.parametrize("name", ["executor-0", "executor-1"])
async def test_a_killed_executors_call_is_closed_as_lost_and_never_made_again(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint, claims: Claims, name: str
) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "hold")
    executor = bench.executors.start(llm.name, instance="executor-0")
    (position,) = await bench.dispatch(dispatch)
    await until(lambda: endpoint.total == 1)

    executor.kill()
    executor.wait()
    bench.executors.start(llm.name, instance=name)
    attempt = await bench.failed(dispatch)
    await bench.finished(position)

    assert attempt.error is not None
    assert (attempt.error.kind, attempt.error.blames_llm, attempt.error.counts) == ("lost", False, True)
    assert attempt.dispatch == dispatch
    claim = await claims.get(key(dispatch))
    assert claim is not None
    assert (claim.state, claim.outbox) == (ClaimState.LOST, ())
    assert endpoint.total == 1


async def test_after_the_drain_what_is_in_flight_is_closed_as_lost(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint, claims: Claims
) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "hold")
    executor = bench.executors.start(llm.name, drain_s=1)
    await bench.dispatch(dispatch)
    await until(lambda: endpoint.total == 1)

    executor.send_signal(signal.SIGTERM)
    await until(lambda: executor.poll() is not None)
    claim = await claims.get(key(dispatch))
    attempt = await bench.failed(dispatch)

    assert claim is not None
    assert (claim.state, claim.outbox) == (ClaimState.LOST, ())
    assert attempt.error is not None
    assert attempt.error.kind == "lost"
    assert endpoint.total == 1


async def test_a_holder_that_lost_its_lease_is_cut_and_its_answer_discarded(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint, claims: Claims
) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "hold")
    executor = bench.executors.start(llm.name)
    (position,) = await bench.dispatch(dispatch)
    await until(lambda: endpoint.total == 1)

    claim = await claims.get(key(dispatch))
    assert claim is not None
    assert await claims.close(claim.key, claim.decision_id, claim.holder, ClaimState.LOST, ())
    await bench.finished(position)

    assert '"outcome": "lost", "counted": false' in bench.executors.log(executor)
    assert not bench.watch.responses[dispatch.accepted.query.query_id]
    assert endpoint.total == 1


async def test_while_postgres_is_away_executors_wait(bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint) -> None:
    llm = await make_llm()
    way = Way(bench.executors.postgres)
    await way.mend()
    calling, waiting = a_dispatch(llm.name, "hold"), a_dispatch(llm.name, "answer")
    executor = bench.executors.start(llm.name, postgres=way.url)
    positions = await bench.dispatch(calling)
    await until(lambda: endpoint.total == 1)

    await way.cut()
    positions += await bench.dispatch(waiting, partition=1)
    endpoint.released.set()
    await until(lambda: bench.executors.log(executor).count("transient failure") >= 3)
    before = dict(bench.watch.responses)
    await way.mend()
    responses = [await bench.answered(calling), await bench.answered(waiting)]
    for position in positions:
        await bench.finished(position)

    assert not any(before.values())
    assert [response.status for response in responses] == ["answered", "answered"]
    assert endpoint.total == 2
    await way.cut()


async def test_best_effort_calls_without_postgres(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint, unused_tcp_port: int
) -> None:
    llm = await make_llm()
    nowhere = f"postgresql+psycopg://postgres@127.0.0.1:{unused_tcp_port}/postgres"
    dispatch = a_dispatch(llm.name, "answer")
    bench.executors.start(llm.name, postgres=nowhere, claims="best_effort")

    (position,) = await bench.dispatch(dispatch)
    await bench.answered(dispatch)
    await bench.finished(position)

    assert endpoint.total == 1


async def test_two_executors_share_an_llm_and_call_each_dispatch_once(
    bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint
) -> None:
    llm = await make_llm(parallelism=8)
    dispatches = [a_dispatch(llm.name, f"answer {number}") for number in range(100)]
    first = bench.executors.start(llm.name)
    for number, dispatch in enumerate(dispatches):
        await bench.dispatch(dispatch, partition=number % 8)
        if number == 20:
            bench.executors.start(llm.name)
        if number == 60:
            first.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.02)

    for dispatch in dispatches:
        await bench.answered(dispatch)

    assert endpoint.total == 100
    assert {len(bench.watch.responses[one.accepted.query.query_id]) for one in dispatches} == {1}


async def test_at_a_drain_calls_may_end(bench: Bench, make_llm: MakeLlm, endpoint: FakeEndpoint) -> None:
    llm = await make_llm()
    dispatch = a_dispatch(llm.name, "hold")
    executor = bench.executors.start(llm.name)

    await bench.dispatch(dispatch)
    await until(lambda: endpoint.total == 1)
    executor.send_signal(signal.SIGTERM)
    await until(lambda: "service stopping" in bench.executors.log(executor))
    endpoint.released.set()

    assert (await bench.answered(dispatch)).status == "answered"
    await until(lambda: executor.poll() is not None)
    assert executor.returncode == 0
