"""What must be done once is done, however often it takes."""

from shared.metrics import Metrics
from shared.settings import FleetSettings
from shared.stream.clock import BrokerClock
from shared.stream.supervisor import Supervisor
from tests.integration.stream.harness import until


async def test_a_service_is_ready_once_what_comes_first_has_succeeded() -> None:
    supervisor = Supervisor("test", FleetSettings(), Metrics(), BrokerClock())
    outcomes = [None, KeyError("not yet")]
    ready_before: list[bool] = []

    async def call() -> None:
        ready_before.append(supervisor._ready()[0])
        if (error := outcomes.pop()) is not None:
            raise error

    supervisor.once("first", call)
    await until(lambda: supervisor._ready()[0])

    assert ready_before == [False, False]
