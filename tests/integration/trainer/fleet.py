"""Trainers as processes, and what the rest of the fleet would send them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from pointsman.local.process import Child
from shared.database.engine import Database
from shared.stream.producer import Producer
from tests.integration.serving import start


@dataclass
class Fleet:
    """One broker, one database, any number of trainers."""

    kafka: str
    url: str
    home_partitions: int
    folder: Path
    producer: Producer
    database: Database
    trainers: list[Child] = field(default_factory=list)

    async def trainer(self, **settings: str) -> Child:
        """A trainer's process that owns its partitions."""
        common = {
            "kafka": self.kafka,
            "postgres": self.url,
            "home_partitions": str(self.home_partitions),
            "settle_every_s": "0.2",
            # Batches of ten with pauses between them would take minutes.
            "record_every_s": "0",
        }
        child = start("trainer", self.folder, common | settings)
        self.trainers.append(child)
        await child.until_ready(60)
        return child

    async def close(self) -> None:
        for trainer in self.trainers:
            await trainer.stop()


async def eventually(check: Callable[[], Awaitable[bool]], timeout_s: float = 60) -> None:
    """Return once `check` is true; fails when it never is."""
    deadline = time.monotonic() + timeout_s
    while not await check():
        assert time.monotonic() < deadline, f"not so after {timeout_s} s"
        await asyncio.sleep(0.2)
