from collections.abc import AsyncIterator

import pytest

from services.simulator.app import running
from services.simulator.settings import SimulatorSettings
from tests.integration.simulator.driver import Driver


@pytest.fixture
async def simulator() -> AsyncIterator[Driver]:
    """A simulator of the planted cast, fifty times faster than real time, and the official SDK as its client."""
    async with running(SimulatorSettings(speed=50)) as base_url, Driver(base_url) as driver:
        yield driver
