"""Minutes without Kafka, without Postgres, and with LLMs that misbehave: nothing is lost, all is answered after."""

import asyncio
import json
from zlib import crc32

import pytest

from tests.e2e.fleet import Fleet, Simulator
from tests.e2e.traffic import Traffic, questions

pytestmark = pytest.mark.timeout(900)

RATE = 5.0
AWAY_S = 60.0
PATIENCE_S = 300.0


@pytest.mark.parametrize("server", ["postgres", "kafka"])
async def test_nothing_is_lost_while_a_server_is_away(fleet: Fleet, server: str) -> None:
    endpoints, stop = fleet.endpoints, asyncio.Event()

    async with Traffic(endpoints.kafka, endpoints.home_partitions) as traffic:
        flow = asyncio.create_task(traffic.flow(questions(seed=3), RATE, stop))
        await asyncio.sleep(3)
        await fleet.away(server, AWAY_S)
        await asyncio.sleep(3)
        stop.set()
        await flow
        await traffic.until_answered(PATIENCE_S)
        outcomes = traffic.outcomes()

    print(f"\n{len(outcomes)} queries around {AWAY_S:.0f} s without {server}, {traffic.repeats()} responses repeated")
    assert {response.status for response in outcomes.values()} == {"answered"}


@pytest.mark.parametrize("fault", ["garbage", "server_error"])
async def test_an_llm_that_misbehaves_is_routed_around(fleet: Fleet, fault: str) -> None:
    simulator = Simulator(str(fleet.endpoints.simulator))
    name = sorted(llm["name"] for llm in json.loads(fleet.command("llms list", "--json")))[0]

    async with Traffic(fleet.endpoints.kafka, fleet.endpoints.home_partitions) as traffic:
        simulator.behave(name, faults={fault: 1.0})
        asking = questions(seed=crc32(fault.encode()))
        for _ in range(30):
            await traffic.send(next(asking))
            await asyncio.sleep(1 / RATE)
        await traffic.until_answered(PATIENCE_S)
        outcomes = traffic.outcomes()
    simulator.behave(name, faults={})
    simulator.close()

    assert {response.status for response in outcomes.values()} == {"answered"}
    assert name not in {response.llm for response in outcomes.values()}
