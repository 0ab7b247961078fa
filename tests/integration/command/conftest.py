"""The command against a real broker and database, no fleet."""

import asyncio
import json
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Protocol

import pytest

from pointsman.command.main import run
from pointsman.local.state import Endpoints, State
from shared.database.migrate import migrate

HOME_PARTITIONS = 4


class Command(Protocol):
    """Runs one command line."""

    def __call__(self, *arguments: str) -> Awaitable[Any]: ...


@pytest.fixture
async def database(postgres: str) -> str:
    await migrate(postgres)
    return postgres


@pytest.fixture
def fleet_state(kafka: str, database: str, tmp_path: Path) -> Path:
    endpoints = Endpoints(kafka=kafka, postgres=database, artifacts="file:///nowhere", home_partitions=HOME_PARTITIONS)
    State(tmp_path).write_endpoints(endpoints)
    return tmp_path


@pytest.fixture
def failing(fleet_state: Path) -> Command:
    """The exit code of the command."""

    async def call(*arguments: str) -> int:
        return await asyncio.to_thread(run, [*arguments, "--state", str(fleet_state)])

    return call


@pytest.fixture
def command(failing: Command, capsys: pytest.CaptureFixture[str]) -> Command:
    """What the command prints with --json; it must succeed."""

    async def call(*arguments: str) -> Any:
        capsys.readouterr()
        code = await failing(*arguments, "--json")
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return json.loads(printed.out)

    return call
