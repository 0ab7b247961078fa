"""What must hold when things break: nothing lost, few done twice."""

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pointsman.local.kafka import Kafka
from pointsman.local.process import Child
from shared.errors import TransientError
from shared.metrics import Metrics
from shared.settings import FleetSettings
from shared.stream.admin import create_topics
from shared.stream.batch import BatchLane
from shared.stream.clock import BrokerClock
from shared.stream.concurrent import ConcurrentLane
from shared.stream.lane import LaneSettings
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Record
from shared.stream.supervisor import Supervisor
from shared.topics import Topic, dead
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, Copies, as_text, running, until
from tests.integration.stream.worker import BATCH


class Load:
    """Produces numbers at a steady rate until it is stopped."""

    def __init__(self, producer: Producer, topic: Topic, per_s: float) -> None:
        self.count = 0
        self._producer = producer
        self._topic = topic
        self._per_s = per_s
        self._stopping = False

    async def run(self) -> None:
        while not self._stopping:
            await self._produce(numbered(self._topic, [self.count]))
            self.count += 1
            await asyncio.sleep(1 / self._per_s)

    async def _produce(self, outgoing: Sequence[Outgoing]) -> None:
        while True:
            try:
                await self._producer(outgoing)
                return
            except TransientError:
                await asyncio.sleep(0.5)

    @property
    def produced(self) -> set[str]:
        return {str(n) for n in range(self.count)}

    @classmethod
    @asynccontextmanager
    async def on(cls, producer: Producer, topic: Topic, per_s: float) -> AsyncIterator["Load"]:
        load = cls(producer, topic, per_s)
        task = asyncio.create_task(load.run())
        try:
            yield load
        finally:
            load._stopping = True
            await task


def twice(texts: Counter[str]) -> int:
    """How many were done again."""
    return texts.total() - len(texts)


async def test_scaling_up_and_down_under_load_loses_nothing_and_repeats_nothing(
    bench: Bench, make_topic: MakeTopic
) -> None:
    source, target = await make_topic(4), await make_topic(4)
    handlers = [Copies(target) for _ in range(3)]

    async with running(bench.copying(source, handlers[0], "a")), Load.on(bench.producer, source, 100) as load:
        for _ in range(2):
            async with running(bench.copying(source, handlers[1], "b")):
                await until(lambda before=load.count: load.count > before + 100)
                async with running(bench.copying(source, handlers[2], "c")):
                    await until(lambda before=load.count: load.count > before + 100)
        texts = await bench.arrived(target, load.produced)

    # At most 3 s are spent on a drain; what a starved machine does not end by then is said to be cut off.
    assert twice(texts) <= bench.cut_off(source)
    assert all(handler.batches for handler in handlers)


def worker(settings: LaneSettings, target: Topic) -> "asyncio.Future[asyncio.subprocess.Process]":
    text = TypeAdapter(LaneSettings).dump_json(settings).decode()
    return asyncio.ensure_future(
        asyncio.create_subprocess_exec(sys.executable, "-m", "tests.integration.stream.worker", text, target.name)
    )


async def test_a_process_killed_in_the_middle_of_a_batch_repeats_only_what_it_had_not_committed(
    bench: Bench, make_topic: MakeTopic
) -> None:
    source, target = await make_topic(2), await make_topic(2)
    settings = bench.settings(source, "worker", static=True)
    await bench.producer(numbered(source, range(400)))
    uncommitted = 0

    for kill in range(2):
        process = await worker(settings, target)
        await bench.committed(source, 100 * kill + 50)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        uncommitted += len(await bench.texts(target)) - await bench.committed(source)
    process = await worker(settings, target)
    try:
        texts = await bench.arrived(target, {str(n) for n in range(400)})
        await bench.all_committed(source)
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0

    assert twice(texts) <= uncommitted


async def test_a_survivor_takes_over_from_a_killed_process(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(2), await make_topic(2)
    process = await worker(bench.settings(source, "a"), target)
    survivor = Copies(target)

    async with running(bench.copying(source, survivor, "b")), Load.on(bench.producer, source, 50) as load:
        await both_copy(bench, target, survivor)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await until(lambda before=load.count: load.count > before + 50)
        texts = await bench.arrived(target, load.produced)

    assert twice(texts) <= 2 * (50 / 2 + BATCH)


async def both_copy(bench: Bench, target: Topic, survivor: Copies) -> None:
    """Wait until another than `survivor` has copied something too."""
    while await bench.texts(target) <= Counter(text for batch in survivor.batches for text in batch):
        await asyncio.sleep(0.1)


async def test_a_handler_that_fails_for_20_s_delays_and_loses_nothing(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(2), await make_topic(2)

    class Away(Copies):
        until = time.monotonic() + 20

        async def handle(self, batch: Sequence[tuple[Record, str]]) -> Sequence[Outgoing]:
            if time.monotonic() < self.until:
                raise TransientError("away")
            return await super().handle(batch)

    lane = bench.copying(source, Away(target))
    async with running(lane), Load.on(bench.producer, source, 20) as load:
        await until(lambda: lane.lag() > 100 and lane.progress_age_s() > 5)
        texts = await bench.arrived(target, load.produced)
        await until(lambda: lane.progress_age_s() < 5)

    assert twice(texts) == 0


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[tuple[Kafka, Child]]:
    server = Kafka.at(tmp_path)
    child = Child(server.program(), tmp_path / "kafka.log")
    child.start()
    try:
        asyncio.run(child.until_ready(60))
        yield server, child
    finally:
        child.kill()


async def test_all_goes_on_after_a_broker_was_killed_and_started_again(own_broker: tuple[Kafka, Child]) -> None:
    server, child = own_broker
    kafka = server.address
    source, queue, target = (Topic(name, 2, 3600, ("test",), "Test") for name in ("source", "queue", "target"))
    await create_topics(kafka, [source, queue, target, dead(source), dead(queue)], home_partitions=2)
    clock, metrics = BrokerClock(), Metrics()
    producer = Producer(kafka, clock)
    bench = Bench(kafka, producer, metrics, clock)

    class Answer:
        """Copies from the queue to the target, one by one."""

        async def handle(self, record: Record, message: str) -> None:
            await producer([Outgoing(target.name, message.encode(), record.position.partition)])

    def concurrent() -> ConcurrentLane[str]:
        return ConcurrentLane(
            bench.settings(queue), as_text, Answer(), producer, metrics, clock, slots=lambda topic, partition: 4
        )

    supervisor = Supervisor("test", FleetSettings(), metrics, clock)
    supervisor.start("batch", lambda: bench.copying(source, Copies(queue)))
    supervisor.start("concurrent", concurrent)
    serving = asyncio.create_task(supervisor.run())

    async with Load.on(producer, source, 50) as load:
        await bench.arrived(target, {str(n) for n in range(100)})
        child.kill()
        killed_at = load.count
        await asyncio.sleep(3)
        child.start()
        await child.until_ready(60)
        await until(lambda: load.count > killed_at + 100)
    texts = await bench.arrived(target, load.produced)
    await bench.all_committed(source)
    await bench.all_committed(queue)
    supervisor.end()
    await serving
    await producer.stop()

    assert load.count > 200
    assert twice(texts) <= 150


async def test_added_partitions_are_read_by_a_static_member_that_came_back(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(1), await make_topic(4)
    grown = Topic(source.name, 4, 3600, source.readers, source.message)

    def lane() -> BatchLane[str]:
        settings = bench.settings(source, static=True)
        return BatchLane(
            settings, as_text, Copies(target), bench.producer, bench.metrics, bench.clock, max_records=10
        )  # fmt: skip

    async with running(lane()):
        await create_topics(bench.kafka, [grown], home_partitions=1)
    async with running(lane()):
        await bench.producer(numbered(grown, range(8)))
        texts = await bench.arrived(target, {str(n) for n in range(8)})

    assert twice(texts) == 0
