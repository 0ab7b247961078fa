"""A bench on the session's broker, with a database of its own and an endpoint."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from shared.database.migrate import migrate
from shared.messages import Llm
from shared.metrics import Metrics
from shared.stream.admin import create_topics, partition_counts
from shared.stream.broadcast import BroadcastLane
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.topics import ATTEMPTS, CAPACITY, RESPONSE_CHUNKS, RESPONSES, lasting, of_llm
from tests.integration.database.conftest import create_database
from tests.integration.executor.bench import Bench
from tests.integration.executor.endpoint import FakeEndpoint, running

MakeLlm = Callable[..., Awaitable[Llm]]
_WATCHED = (RESPONSES.name, ATTEMPTS.name, RESPONSE_CHUNKS.name, CAPACITY.name)


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    async with running() as endpoint:
        yield endpoint


@pytest.fixture
async def bench(kafka: str, postgres: str, tmp_path: Path) -> AsyncIterator[Bench]:
    await create_topics(kafka, lasting(), home_partitions=4)
    home_partitions = (await partition_counts(kafka, [RESPONSES.name]))[RESPONSES.name]
    url = await create_database(postgres)
    await migrate(url)
    producer = Producer(kafka, BrokerClock())
    bench = Bench(kafka, url, home_partitions, producer, tmp_path)
    lane = BroadcastLane("watch", kafka, _WATCHED, bench.watch.receive, 0.0, Metrics())
    watching = asyncio.create_task(lane.run())
    await lane.caught_up.wait()
    yield bench
    await bench.stop()
    await lane.stop()
    await watching
    await producer.stop()


@pytest.fixture
def make_llm(bench: Bench, endpoint: FakeEndpoint) -> MakeLlm:
    """An LLM at the endpoint, announced, its topics created."""

    async def make(**fields: object) -> Llm:
        described = {
            "name": f"llm-{uuid4().hex[:8]}",
            "base_url": endpoint.base_url,
            "model": "m",
            "usd_per_mtok_input": 1,
            "usd_per_mtok_output": 2,
            "context_tokens": 1000,
            "parallelism": 2,
            "revision": 1,
        }
        llm = Llm.model_validate(described | fields)
        await create_topics(bench.kafka, of_llm(llm.name, llm.parallelism), bench.home_partitions)
        await bench.announce(llm)
        return llm

    return make
