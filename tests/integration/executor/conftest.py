"""A bench on the session's broker, with a database of its own and an endpoint."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
from tests.integration.executor.bench import Bench, Executors
from tests.integration.executor.endpoint import FakeEndpoint, running

MakeLlm = Callable[..., Awaitable[Llm]]
_WATCHED = (RESPONSES.name, ATTEMPTS.name, RESPONSE_CHUNKS.name, CAPACITY.name)


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    async with running() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def executors(kafka: str, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executors]:
    """Processes of one test module, on a database of their own."""

    async def prepare() -> tuple[str, int]:
        await create_topics(kafka, lasting(), home_partitions=4)
        url = await create_database(postgres)
        await migrate(url)
        return url, (await partition_counts(kafka, [RESPONSES.name]))[RESPONSES.name]

    url, home_partitions = asyncio.run(prepare())
    executors = Executors(kafka, url, home_partitions, tmp_path_factory.mktemp("executors"))
    yield executors
    executors.stop()


@pytest.fixture(scope="module")
def names() -> list[str]:
    """Names for the LLMs of one test module."""
    return [f"llm-{uuid4().hex[:8]}" for _ in range(20)]


@pytest.fixture
async def bench(executors: Executors) -> AsyncIterator[Bench]:
    producer = Producer(executors.kafka, BrokerClock())
    bench = Bench(executors, producer)
    lane = BroadcastLane("watch", executors.kafka, _WATCHED, bench.watch.receive, 0.0, Metrics())
    watching = asyncio.create_task(lane.run())
    await lane.caught_up.wait()
    yield bench
    await lane.stop()
    await watching
    await producer.stop()


@pytest.fixture
def make_llm(bench: Bench, endpoint: FakeEndpoint, names: list[str]) -> MakeLlm:
    """An LLM at the endpoint, announced, its topics created."""

    async def make(**fields: object) -> Llm:
        described = {
            "name": names.pop(),
            "base_url": endpoint.base_url,
            "model": "m",
            "usd_per_mtok_input": 1,
            "usd_per_mtok_output": 2,
            "context_tokens": 1000,
            "parallelism": 2,
            "revision": 1,
        }
        llm = Llm.model_validate(described | fields)
        await create_topics(bench.kafka, of_llm(llm.name, llm.parallelism), bench.executors.home_partitions)
        await bench.announce(llm)
        return llm

    return make
