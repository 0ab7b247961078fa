"""What the trainer's tests share: the fleet's topics on the session's broker, and a trainer as a process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.stream.admin import create_topics, partition_counts
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.topics import DECISIONS, lasting
from tests.integration.trainer.fleet import Fleet


@pytest.fixture
async def home_partitions(kafka: str) -> int:
    """The session's tests share one broker; whoever is first decides."""
    await create_topics(kafka, lasting(), 4)
    return (await partition_counts(kafka, [DECISIONS.name]))[DECISIONS.name]


@pytest.fixture
async def fleet(kafka: str, url: str, home_partitions: int, tmp_path: Path) -> AsyncIterator[Fleet]:
    producer, database = Producer(kafka, BrokerClock()), Database(url)
    await producer.start()
    fleet = Fleet(kafka, url, home_partitions, tmp_path, producer, database)
    yield fleet
    await fleet.close()
    await producer.stop()
    await database.close()
