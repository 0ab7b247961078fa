"""Services as processes on the session's broker, and what the rest of the fleet would send and read."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from pointsman.local.endpoint import address, answers, ask
from pointsman.local.process import Child, Program
from shared import topics
from shared.messages import Model
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Position, Record
from shared.stream.snapshot import snapshot

HOME_PARTITIONS = 4
T = TypeVar("T")


@dataclass
class Serving:
    """One broker, one database, one store of model files, and the processes a test started."""

    kafka: str
    postgres: str
    artifacts: str
    folder: Path
    producer: Producer
    started: float
    children: list[Child] = field(default_factory=list)

    def child(self, service: str, **settings: str) -> Child:
        """A service's process, started; settings are variables without their prefix."""
        common = {
            "kafka": self.kafka,
            "postgres": self.postgres,
            "artifacts": self.artifacts,
            "home_partitions": str(HOME_PARTITIONS),
        }
        child = start(service, self.folder, common | settings)
        self.children.append(child)
        return child

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    async def produce(self, topic: str, values: Sequence[bytes], partition: int = 0) -> list[Position]:
        acknowledged = await self.producer([Outgoing(topic, value, partition) for value in values])
        return [each.position for each in acknowledged]

    async def promote(self, model: Model) -> Model:
        """Announce a model as live; newer than all that other tests left on the topic."""
        newest = model.model_copy(update={"revision": time.time_ns()})
        await self.producer([Outgoing(topics.MODELS.name, newest.encode(), key=newest.key.encode())])
        return newest

    async def until(
        self, topic: str, read: Callable[[bytes], T], wanted: Callable[[T], bool], count: int
    ) -> list[tuple[Record, T]]:
        """The wanted messages of a topic since the test began, once there are `count` of them."""
        deadline = time.monotonic() + 60
        while True:
            records = await snapshot(self.kafka, topic, since=self.started)
            found = [(record, message) for record in records if wanted(message := read(record.value))]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {count} on {topic} after 60 s"
            await asyncio.sleep(0.3)

    async def close(self) -> None:
        for child in self.children:
            await child.stop()
        await self.producer.stop()


def start(service: str, folder: Path, settings: dict[str, str]) -> Child:
    """A service's process under a name of its own, logging into `folder`; settings without their prefix."""
    name = f"{service}-{uuid4().hex[:8]}"
    port_file = folder / f"{name}.port"
    own = {"instance": name, "health_file": str(port_file)}
    program = Program(
        name,
        (sys.executable, "-m", f"services.{service}"),
        {f"POINTSMAN_{key.upper()}": value for key, value in (own | settings).items()},
        ready=lambda: answers(port_file, "/ready"),
        health=lambda: address(port_file),
        stop_s=20,
    )
    child = Child(program, folder / f"{name}.log")
    child.start()
    return child


def metric(child: Child, name: str) -> float:
    """The sum of a metric over its labels, as the process exports it; 0 where it has none."""
    text = ask(child.program.health(), "/metrics") or ""
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f"pointsman_{name}"))


async def eventually(check: Callable[[], bool], what: str, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.1)
