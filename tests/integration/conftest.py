"""The exported encoder, made once per run as it takes seconds, and services as processes."""

import fcntl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from shared import topics
from shared.artifacts import Artifacts
from shared.database.migrate import migrate
from shared.stream.admin import create_topics
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from tests.integration.database.conftest import create_database
from tests.integration.serving import HOME_PARTITIONS, Serving

if TYPE_CHECKING:
    from services.embedder.export import Exported


@dataclass(frozen=True, slots=True)
class EncoderFixture:
    """Both precisions in a store of this session; int8 is the one to serve."""

    artifacts_url: str
    float32: "Exported"
    int8: "Exported"


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The run's folder of model files, which all its workers share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def artifacts_url(store: Path) -> str:
    return store.as_uri()


@pytest.fixture(scope="session")
def encoder(store: Path, artifacts_url: str) -> EncoderFixture:
    """What the first worker that needs it exports."""
    # Here, not above: it imports torch, which takes seconds that most tests need not wait.
    from services.embedder.export import ExportConfig, Exported, export

    files, known = TypeAdapter(list[Exported]), store.with_name("exported.json")
    with store.with_name("exported.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            known.write_bytes(files.dump_json(export(ExportConfig(), Artifacts(artifacts_url))))
    float32, int8 = files.validate_json(known.read_bytes())
    return EncoderFixture(artifacts_url, float32, int8)


@pytest.fixture
async def url(postgres: str) -> str:
    """Of a migrated database of the test's own."""
    url = await create_database(postgres)
    await migrate(url)
    return url


@pytest.fixture
async def serving(kafka: str, url: str, artifacts_url: str, tmp_path: Path) -> AsyncIterator[Serving]:
    await create_topics(kafka, topics.lasting(), HOME_PARTITIONS)
    producer = Producer(kafka, BrokerClock())
    serving = Serving(kafka, url, artifacts_url, tmp_path, producer, time.time() - 1)
    try:
        yield serving
    finally:
        await serving.close()
