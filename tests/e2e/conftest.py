"""Fleets, started by the command and ended with the test; the suite is skipped nowhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet

StartFleet = Callable[..., Fleet]


@pytest.fixture(scope="module")
def start_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartFleet]:
    """Start fleets with `pointsman up` options; they are ended after the module."""
    started: list[Fleet] = []

    def start(*options: str) -> Fleet:
        folder: Path = tmp_path_factory.mktemp("fleet") / "state"
        fleet = Fleet(folder)
        started.append(fleet)
        fleet.up(*options)
        return fleet

    yield start
    for fleet in started:
        fleet.down()
