"""Steady traffic against a fleet, and every record it gets back: duplicates and all."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator

from aiokafka.errors import KafkaError

from services.simulator.workload.syllabus import tasks
from shared.errors import TransientError
from shared.messages import Query, Response, new_query_id
from shared.metrics import Metrics
from shared.stream.broadcast import BroadcastLane
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Position, Record
from shared.topics import QUERIES, RESPONSES


class Traffic:
    """Sends queries and keeps every response record, by query id."""

    def __init__(self, kafka: str, home_partitions: int) -> None:
        self.sent: dict[str, Query] = {}
        self._responses: defaultdict[str, dict[Position, bytes]] = defaultdict(dict)
        self._kafka = kafka
        self._home_partitions = home_partitions
        self._produce = Producer(kafka, BrokerClock())

    async def __aenter__(self) -> "Traffic":
        await self._produce.start()
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._produce.stop()

    async def send(self, query: Query) -> None:
        """Produce until acknowledged, however long the broker is away."""
        record = Outgoing(QUERIES.name, query.encode(), len(self.sent) % self._home_partitions)
        self.sent[query.query_id] = query
        while True:
            try:
                await self._produce([record])
            except TransientError:
                await asyncio.sleep(0.5)
            else:
                return

    async def flow(self, queries: Iterator[Query], rate: float, stop: asyncio.Event) -> None:
        """Send at a steady rate, whatever becomes of them, until told to stop."""
        async with asyncio.TaskGroup() as sending:
            while not stop.is_set():
                sending.create_task(self.send(next(queries)))
                await asyncio.sleep(1 / rate)

    async def until_answered(self, patience_s: float) -> None:
        """Return when each query sent has a response; an AssertionError names those that have none."""
        try:
            async with asyncio.timeout(patience_s):
                while self.unanswered():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            missing = self.unanswered()
            raise AssertionError(f"{len(missing)} of {len(self.sent)} have no response: {missing[:5]}") from None

    def unanswered(self) -> list[str]:
        return [query_id for query_id in self.sent if query_id not in self._responses]

    def outcomes(self) -> dict[str, Response]:
        """The one outcome of each query; fails when a query has two that differ."""
        copies = {query_id: set(found.values()) for query_id, found in self._responses.items()}
        different = {query_id: found for query_id, found in copies.items() if len(found) > 1}
        assert not different, f"{len(different)} queries have two outcomes: {list(different.items())[:2]}"
        return {query_id: Response.decode(found.pop()) for query_id, found in copies.items()}

    def repeats(self) -> int:
        """Response records that were produced again, byte for byte."""
        return sum(len(found) - 1 for found in self._responses.values())

    def _note(self, record: Record) -> None:
        query_id = Response.decode(record.value).query_id
        # The topic also holds what other traffic was answered.
        if query_id in self.sent:
            self._responses[query_id][record.position] = record.value

    async def _read(self) -> None:
        """Read from the beginning, and from the beginning again after the broker was away."""
        while True:
            lane = BroadcastLane("responses", self._kafka, (RESPONSES.name,), self._note, "beginning", Metrics())
            try:
                await lane.run()
            except (KafkaError, OSError, TransientError):
                await asyncio.sleep(0.5)


def questions(seed: int) -> Iterator[Query]:
    """Questions of the generated workload, all different, for ever."""
    for number, task in enumerate(tasks(seed)):
        yield Query(query_id=new_query_id(), prompt=f"{task.prompt} (No. {seed}-{number})")
