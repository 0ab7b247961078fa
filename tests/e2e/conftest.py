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
        _end(fleet)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A newcomer's fleet, started without options; who shares it has `xdist_group("newcomer")` and restores it."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet") / "state")
    try:
        fleet.up()
        yield fleet
    finally:
        _end(fleet)


def _end(fleet: Fleet) -> None:
    fleet.down()
    assert free_of_children(fleet.folder), f"`pointsman down` left processes of {fleet.folder}"
