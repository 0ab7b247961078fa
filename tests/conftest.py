"""Fixtures every test may use, and the marker each folder stands for."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pointsman.local.kafka import Kafka
from pointsman.local.postgres import Postgres
from pointsman.local.process import Child, Program

_FOLDERS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # Doctests stand beside the code.
        folder = item.path.relative_to(_FOLDERS).parts[0] if item.path.is_relative_to(_FOLDERS) else "unit"
        item.add_marker(getattr(pytest.mark, folder))
    # What takes long goes first, so that no worker is left with it at the end.
    items.sort(key=lambda item: item.get_closest_marker("unit") is not None)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap server of a real broker of this session."""
    with tempfile.TemporaryDirectory(prefix="pointsman-kafka-") as folder:
        server = Kafka.at(Path(folder))
        with _running(server.program(), Path(folder)):
            yield server.address


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """SQLAlchemy URL of a fresh database on a real server of this session."""
    with tempfile.TemporaryDirectory(prefix="pointsman-postgres-") as folder:
        server = Postgres.at(Path(folder) / "postgres")
        with _running(server.program(), Path(folder)):
            yield server.url


@contextmanager
def _running(program: Program, folder: Path) -> Iterator[None]:
    child = Child(program, folder / f"{program.name}.log")
    child.start()
    try:
        asyncio.run(child.until_ready(60))
        yield
    finally:
        asyncio.run(child.stop())
