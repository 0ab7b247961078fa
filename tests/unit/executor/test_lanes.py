"""Which LLMs get a lane, and what each is told."""

from collections.abc import Callable
from typing import cast

import pytest

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


def lanes(*llms: Llm) -> tuple[Lanes, Started]:
    roster, started = Roster(), Started()
    for llm in llms:
        roster.receive(Record(Position("llms", 0, 0), llm.encode(), 0.0))
    shared = cast(Shared, SharedParts())
    return Lanes(ExecutorSettings(), roster, shared, cast(Supervisor, started), BrokerClock()), started


@pytest.mark.parametrize("url", ["http://host:port/v1", "http://10.0.0.300/v1", "http://a host/v1", "nonsense"])
async def test_an_llm_with_an_impossible_address_stops_no_other_and_turns_its_queries_away(url: str) -> None:
    bad = GOOD.model_copy(update={"name": "bad", "base_url": url})
    tended, started = lanes(bad, GOOD)

    await tended.tend()

    assert started.names == ["executor.bad", "executor.good"]
    refusal = tended.servings["bad"].endpoint.refusal
    assert refusal is not None
    assert (refusal.kind, refusal.rule.blames_llm) == ("address", True)
    assert tended.servings["good"].endpoint.refusal is None
    await tended.close()


async def test_an_llm_that_cannot_be_served_at_all_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tended, started = lanes(GOOD.model_copy(update={"name": "bad"}), GOOD)
    opened = Lanes._open

    def fail_for_bad(self: Lanes, llm: Llm) -> None:
        if llm.name == "bad":
            raise RuntimeError("nobody foresaw it")
        opened(self, llm)

    monkeypatch.setattr(Lanes, "_open", fail_for_bad)
    await tended.tend()

    assert started.names == ["executor.good"]
    await tended.close()
