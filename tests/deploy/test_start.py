"""What compose starts, started as its containers are: their packages, commands, variables and read-only files."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pointsman.local.kafka import Kafka
from pointsman.local.process import Child
from tests.deploy.host import Host
from tests.deploy.image import distributions, need_namespaces
from tests.deploy.manifests import compose, compose_processes
from tests.integration.database.conftest import create_database

_READY_S = 120
#: Those that run to their end.
_ENDING = ("ground", "encoder", "pointsman")
_UNITS = {"M": 2**20, "G": 2**30}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Kafka of its own: here the topics have as many partitions as in production."""
    folder = tmp_path_factory.mktemp("kafka")
    server = Kafka.at(folder)
    child = Child(server.program(), folder / "kafka.log")
    child.start()
    try:
        asyncio.run(child.until_ready(60))
        yield server.address
    finally:
        asyncio.run(child.stop())


@pytest.mark.parametrize("extra", sorted({process.image for process in compose_processes()} - {"train"}))
def test_only_the_image_that_exports_encoders_has_torch(extra: str) -> None:
    # The trainer fits heads with scikit-learn; no other image does.
    heavy = {"torch", "transformers"} if extra == "trainer" else {"torch", "transformers", "scikit-learn"}

    assert not heavy & distributions(extra)
    assert heavy <= distributions("train")


@pytest.mark.timeout(400)
async def test_every_image_starts_and_together_they_answer(broker: str, postgres: str, tmp_path: Path) -> None:
    need_namespaces()
    host = Host(tmp_path, broker, await create_database(postgres))
    try:
        simulator = host.start("simulator")
        await host.run("ground")
        services = {name: host.start(name) for name in host.processes if name not in ("simulator", *_ENDING)}
        await host.run("encoder")
        await asyncio.gather(*(child.until_ready(_READY_S) for child in (simulator, *services.values())))

        response = json.loads(await host.run("pointsman", "ask", "--json", "What is 12 + 30?"))
        llms = json.loads(await host.run("pointsman", "llms", "list", "--json"))

        assert response["status"] == "answered"
        assert response["llm"] in {llm["name"] for llm in llms} == {"plover-mini", "eagle-pro"}
        for name, child in services.items():
            assert psutil.Process(child.pid).memory_info().rss < _memory_limit(name), name
    finally:
        await asyncio.gather(*(child.stop() for child in host.running))
    assert [await child.ended() for child in services.values()] == [0] * len(services)


def _memory_limit(name: str) -> int:
    limit: str = compose()["services"][name]["deploy"]["resources"]["limits"]["memory"]
    return int(limit[:-1]) * _UNITS[limit[-1]]
