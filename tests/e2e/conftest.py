"""Fleets, started by the command; each must end without leaving a process. The suite is skipped nowhere."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.fleet import Fleet, free_of_children

StartFleet = Callable[..., Fleet]


@pytest.fixture(scope="module")
def start_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartFleet]:
    """Start fleets with `pointsman up` options; they are ended after the module."""
    started: list[Fleet] = []

    def start(*options: str) -> Fleet:
        fleet = Fleet(tmp_path_factory.mktemp("fleet") / "state")
        started.append(fleet)
        fleet.up(*options)
        return fleet

    yield start
    for fleet in started:
        fleet.down()
    for fleet in started:
        assert free_of_children(fleet.folder), f"`pointsman down` left processes of {fleet.folder}"


@pytest.fixture(scope="module")
def fleet(start_fleet: StartFleet) -> Fleet:
    """A newcomer's fleet, started without options."""
    return start_fleet()
