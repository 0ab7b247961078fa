"""Trainers as processes, and what the rest of the fleet would send them."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import aiohttp

from pointsman.local.process import Child, Program
from shared.database.engine import Database
from shared.stream.producer import Producer


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
        name = f"trainer-{uuid4().hex[:8]}"
        port_file = self.folder / f"{name}.port"
        environment = {
            "POINTSMAN_KAFKA": self.kafka,
            "POINTSMAN_POSTGRES": self.url,
            "POINTSMAN_INSTANCE": name,
            "POINTSMAN_HOME_PARTITIONS": str(self.home_partitions),
            "POINTSMAN_HEALTH_FILE": str(port_file),
            "POINTSMAN_SETTLE_EVERY_S": "0.2",
            **settings,
        }
        program = Program(
            name, (sys.executable, "-m", "services.trainer"), environment, ready=port_file.exists, stop_s=20
        )
        child = Child(program, self.folder / f"{name}.log")
        child.start()
        self.trainers.append(child)
        await child.until_ready(60)
        await eventually(lambda: _ready(int(port_file.read_text())))
        return child

    async def close(self) -> None:
        for trainer in self.trainers:
            await trainer.stop()


async def _ready(port: int) -> bool:
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/ready") as response:
        return response.status == 200


async def eventually(check: Callable[[], Awaitable[bool]], timeout_s: float = 60) -> None:
    """Return once `check` is true; fails when it never is."""
    deadline = time.monotonic() + timeout_s
    while not await check():
        assert time.monotonic() < deadline, f"not so after {timeout_s} s"
        await asyncio.sleep(0.2)
