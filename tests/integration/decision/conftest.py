"""A play on the session's broker, with a database of its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.metrics import Metrics
from shared.stream.admin import create_topics, partition_counts
from shared.stream.broadcast import BroadcastLane
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.topics import ACCEPTED, lasting
from tests.integration.decision.play import WATCHED, Play


@pytest.fixture
async def play(kafka: str, url: str, tmp_path: Path) -> AsyncIterator[Play]:
    await create_topics(kafka, lasting(), home_partitions=4)
    home_partitions = (await partition_counts(kafka, [ACCEPTED.name]))[ACCEPTED.name]
    producer = Producer(kafka, BrokerClock())
    play = Play(kafka, url, home_partitions, tmp_path, producer)
    lane = BroadcastLane("watch", kafka, WATCHED, play.receive, 0.0, Metrics())
    watching = asyncio.create_task(lane.run())
    await lane.caught_up.wait()
    try:
        yield play
    finally:
        for child in play.children:
            await child.stop()
        await lane.stop()
        await watching
        await producer.stop()
