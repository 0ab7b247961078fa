"""While traffic flows every process is killed in turn; then an LLM is removed under its queue."""

import asyncio
from collections import Counter

import pytest

from tests.e2e.books import Books
from tests.e2e.conftest import StartFleet
from tests.e2e.fleet import Fleet, Simulator
from tests.e2e.traffic import Traffic, questions

pytestmark = pytest.mark.timeout(1200)

#: Queries per second.
RATE = 10.0
#: Traffic between two faults.
CALM_S = 4.0
PATIENCE_S = 300.0
#: Queries that wait for the LLM that is removed.
BURST = 60


async def test_every_query_has_one_outcome_whatever_is_killed(start_fleet: StartFleet) -> None:
    fleet = await asyncio.to_thread(start_fleet, "--replicas", "decision=2", "--replicas", "executor=2")
    simulator, books = Simulator(str(fleet.endpoints.simulator)), Books(fleet.endpoints.postgres)
    stop = asyncio.Event()

    async with Traffic(fleet.endpoints.kafka, fleet.endpoints.home_partitions) as traffic:
        flow = asyncio.create_task(traffic.flow(questions(seed=1), RATE, stop))
        in_flight = await kill_in_turn(fleet, books)
        stop.set()
        await flow
        await traffic.until_answered(PATIENCE_S)
        await remove_under_its_queue(fleet, simulator, traffic)
        await traffic.until_answered(PATIENCE_S)
        outcomes = traffic.outcomes()

    decisions = [str(response.decision_id) for response in outcomes.values()]
    await books.until_logged(decisions, PATIENCE_S)
    calls = simulator.calls()
    extra = len(calls) - len(outcomes)
    print(
        f"\n{len(traffic.sent)} queries: {dict(Counter(one.status for one in outcomes.values()))}; "
        f"{len(calls)} paid calls, {extra} extra for {in_flight} in flight at kills; "
        f"{traffic.repeats()} responses produced again"
    )
    assert set(outcomes) == set(traffic.sent)
    assert {response.status for response in outcomes.values()} == {"answered"}
    assert await books.answered_twice() == []
    assert max(Counter(call["user"] for call in calls).values()) == 1, "an attempt was paid twice"
    assert extra <= in_flight
    await books.close()
    simulator.close()


async def kill_in_turn(fleet: Fleet, books: Books) -> int:
    """SIGKILL each service, then the broker and the database; how many calls were in flight at the kills."""
    in_flight = 0
    predictor = next(name for name in fleet.processes() if name.startswith("predictor"))
    for name in ("embedder", predictor, "decision", "decision-2", "executor", "executor-2", "trainer"):
        await asyncio.sleep(CALM_S)
        former = fleet.kill(name)
        in_flight += await books.running(name)
        await fleet.until_back(name, former)
    for name in ("kafka", "postgres"):
        await asyncio.sleep(CALM_S)
        await fleet.until_back(name, fleet.kill(name))
    return in_flight


async def remove_under_its_queue(fleet: Fleet, simulator: Simulator, traffic: Traffic) -> None:
    """Make every LLM slow, let a burst queue up, and remove the busiest."""
    simulator.behave_all(first_token_s=3.0)
    asking = questions(seed=2)
    await asyncio.gather(*(traffic.send(next(asking)) for _ in range(BURST)))
    busiest = await asyncio.to_thread(simulator.busiest)
    await asyncio.to_thread(fleet.command, "llms remove", busiest)
