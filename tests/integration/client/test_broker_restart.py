from pathlib import Path

from pointsman import Client
from pointsman.local.kafka import Kafka
from pointsman.local.process import Child
from shared.stream.admin import create_topics
from shared.topics import lasting
from tests.integration.client.conftest import HOME_PARTITIONS, serve


async def test_a_client_outlives_its_broker(tmp_path: Path, tenant: str) -> None:
    server = Kafka.at(tmp_path)
    broker = Child(server.program(), tmp_path / "kafka.log")
    broker.start()
    try:
        await broker.until_ready()
        await create_topics(server.address, lasting(), HOME_PARTITIONS)
        async with Client(server.address, tenant=tenant) as client:
            await broker.stop()
            broker.start()
            await broker.until_ready()

            async with serve(server.address, tenant, lambda asked: [asked.response()]):
                response = await client.ask("Two words?", timeout_s=120)
    finally:
        await broker.stop()

    assert response.text == "echo: Two words?"
