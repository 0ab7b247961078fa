"""Which LLMs get a lane, and what each is told."""

from collections.abc import Callable
from typing import cast

import pytest

from services.executor.endpoint import Endpoint
from services.executor.lanes import Lanes
from services.executor.roster import Roster
from services.executor.serving import Shared
from services.executor.settings import ExecutorSettings
from shared.messages import Llm
from shared.metrics import Metrics
from shared.stream.clock import BrokerClock
from shared.stream.lane import Lane
from shared.stream.records import Position, Record
from shared.stream.supervisor import Supervisor

GOOD = Llm(
    name="good", base_url="http://x/v1", model="m", usd_per_mtok_input=1, usd_per_mtok_output=1, context_tokens=9
)


class Started:
    """In the supervisor's place: what was started."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, name: str, _build: Callable[[], Lane]) -> None:
        self.names.append(name)


class SharedParts:
    """All of Shared that opening a lane needs."""

    def __init__(self) -> None:
        self.clock = lambda: 0.0
        self.metrics = Metrics()


def known(*llms: Llm) -> Roster:
    roster = Roster()
    for llm in llms:
        learn(roster, llm)
    return roster


def learn(roster: Roster, llm: Llm) -> None:
    roster.receive(Record(Position("llms", 0, 0), llm.encode(), 0.0))


def lanes(roster: Roster) -> tuple[Lanes, Started]:
    started, shared = Started(), cast(Shared, SharedParts())
    return Lanes(ExecutorSettings(), roster, shared, cast(Supervisor, started), BrokerClock()), started


@pytest.mark.parametrize("url", ["http://host:port/v1", "http://10.0.0.300/v1", "http://a host/v1", "nonsense"])
async def test_an_llm_with_an_impossible_address_stops_no_other_and_turns_its_queries_away(url: str) -> None:
    bad = GOOD.model_copy(update={"name": "bad", "base_url": url})
    tended, started = lanes(known(bad, GOOD))

    await tended.tend()

    assert started.names == ["executor.bad", "executor.good"]
    refusal = tended.servings["bad"].endpoint.refusal
    assert refusal is not None
    assert (refusal.kind, refusal.rule.blames_llm) == ("address", True)
    assert tended.servings["good"].endpoint.refusal is None
    await tended.close()


async def test_a_changed_descriptors_client_is_closed_once_no_call_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    async def close(self: Endpoint) -> None:
        closed.append(self.llm.base_url)

    monkeypatch.setattr(Endpoint, "close", close)
    roster = known(GOOD)
    tended, _ = lanes(roster)
    await tended.tend()

    with tended.servings["good"].endpoint.in_use():
        learn(roster, GOOD.model_copy(update={"base_url": "http://y/v1", "revision": 2}))
        await tended.tend()
        while_in_use = list(closed)
    await tended.tend()
    await tended.tend()

    assert (while_in_use, closed) == ([], ["http://x/v1"])
    await tended.close()
    assert closed == ["http://x/v1", "http://y/v1"]


async def test_an_llm_that_cannot_be_served_at_all_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tended, started = lanes(known(GOOD.model_copy(update={"name": "bad"}), GOOD))
    opened = Lanes._open

    def fail_for_bad(self: Lanes, llm: Llm) -> None:
        if llm.name == "bad":
            raise RuntimeError("nobody foresaw it")
        opened(self, llm)

    monkeypatch.setattr(Lanes, "_open", fail_for_bad)
    await tended.tend()

    assert started.names == ["executor.good"]
    await tended.close()
