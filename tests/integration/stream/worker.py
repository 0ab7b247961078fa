"""A process that copies one topic to another, to be killed: python -m tests.integration.stream.worker SETTINGS."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from shared.metrics import Metrics
from shared.settings import FleetSettings
from shared.stream.batch import BatchLane
from shared.stream.clock import BrokerClock
from shared.stream.lane import LaneSettings
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Record
from shared.stream.supervisor import Supervisor
from tests.integration.stream.harness import as_text

BATCH = 10
BATCH_S = 0.1


@dataclass(frozen=True)
class Slowly:
    """Copies a batch after a while, so that a kill finds one underway."""

    target: str

    async def handle(self, batch: Sequence[tuple[Record, str]]) -> Sequence[Outgoing]:
        await asyncio.sleep(BATCH_S)
        return [Outgoing(self.target, text.encode(), record.position.partition) for record, text in batch]


async def copy(settings: LaneSettings, target: str) -> None:
    metrics, clock = Metrics(), BrokerClock()
    producer = Producer(settings.kafka, clock)
    supervisor = Supervisor("worker", FleetSettings(instance=settings.instance), metrics, clock)
    supervisor.start(
        "copy",
        lambda: BatchLane(settings, as_text, Slowly(target), producer, metrics, clock, max_records=BATCH),
    )
    await supervisor.run()
    await producer.stop()


if __name__ == "__main__":
    asyncio.run(copy(TypeAdapter(LaneSettings).validate_json(sys.argv[1]), sys.argv[2]))
