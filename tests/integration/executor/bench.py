"""What these tests share: an executor's process, dispatches for it, and what it writes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from shared.messages import (
    Accepted,
    Attempt,
    Dispatch,
    ExecutorCapacity,
    Llm,
    Prediction,
    Query,
    Response,
    ResponseChunk,
    TokenForecast,
    decode_capacity,
)
from shared.stream.admin import committed_offsets
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Position, Record
from shared.topics import LLMS, dispatch

WAIT_S = 60


async def until(true: Callable[[], object], timeout_s: float = WAIT_S) -> None:
    """Wait for it, or fail."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not true within {timeout_s} s"
        await asyncio.sleep(0.02)


def a_dispatch(llm: str, prompt: str, *, deadline_s: float = 600, attempt: int = 1, **query: object) -> Dispatch:
    """A dispatch of a query, as decision makes them."""
    now = time.time()
    asked = Query.model_validate({"query_id": uuid4().hex, "prompt": prompt} | query)
    forecast = TokenForecast(mean=5, p10=1, p90=9)
    origin = f"0-{uuid4().int % 10**9}"
    accepted = Accepted(query=asked, origin=origin, accepted_at=now, vector="", encoder="e", prompt_tokens=5)
    prediction = Prediction(
        origin=origin, accepted_at=now, llm=llm, quality=0.5, response_tokens=forecast, uncertainty=0.5
    )
    return Dispatch(
        decision_id=uuid4().hex,
        accepted=accepted,
        llm=llm,
        attempt=attempt,
        deadline=now + deadline_s,
        prediction=prediction,
        prompt_tokens=5,
        service_s=0.5,
        stages={"embed": 0.1},
    )


class Watch:
    """All that executors wrote since the start, by query."""

    def __init__(self) -> None:
        self.responses: dict[str, list[tuple[Record, Response]]] = defaultdict(list)
        self.attempts: dict[str, list[Attempt]] = defaultdict(list)
        self.chunks: dict[str, list[ResponseChunk]] = defaultdict(list)
        self.capacity: dict[str, list[ExecutorCapacity]] = defaultdict(list)

    def receive(self, record: Record) -> None:
        match record.position.topic:
            case "responses":
                response = Response.decode(record.value)
                self.responses[response.query_id].append((record, response))
            case "attempts":
                attempt = Attempt.decode(record.value)
                self.attempts[attempt.query_id].append(attempt)
            case "response-chunks":
                chunk = ResponseChunk.decode(record.value)
                self.chunks[chunk.query_id].append(chunk)
            case "capacity" if record.value:
                capacity = decode_capacity(record.value)
                if isinstance(capacity, ExecutorCapacity):
                    self.capacity[capacity.llm].append(capacity)

    def events(self, query_id: str) -> list[str]:
        return sorted(attempt.event for attempt in self.attempts[query_id])


class Executors:
    """Executors' processes on one broker and database."""

    def __init__(self, kafka: str, postgres: str, home_partitions: int, folder: Path) -> None:
        self.kafka = kafka
        self.postgres = postgres
        self.home_partitions = home_partitions
        self.folder = folder
        self._logs: dict[int, Path] = {}
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, *llms: str, instance: str | None = None, **settings: object) -> subprocess.Popen[bytes]:
        """One process, pinned to these LLMs."""
        environment = {
            "kafka": self.kafka,
            "postgres": self.postgres,
            "home_partitions": self.home_partitions,
            "instance": instance or f"executor-{uuid4().hex[:8]}",
            "llms": ",".join(llms),
            "keys_dir": self.folder,
        } | settings
        variables = {f"POINTSMAN_{name.upper()}": str(value) for name, value in environment.items()}
        path = self.folder / f"{uuid4().hex}.log"
        with path.open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "services.executor"], env=os.environ | variables, stdout=log, stderr=log
            )
        self._children.append(child)
        self._logs[child.pid] = path
        return child

    def log(self, child: subprocess.Popen[bytes]) -> str:
        """What the process has logged so far."""
        return self._logs[child.pid].read_text()

    def stop(self) -> None:
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


class Bench:
    """What a test does to executors, and sees of them."""

    def __init__(self, executors: Executors, producer: Producer) -> None:
        self.executors = executors
        self.kafka = executors.kafka
        self.folder = executors.folder
        self.producer = producer
        self.watch = Watch()

    async def announce(self, llm: Llm) -> None:
        await self.producer([Outgoing(LLMS.name, llm.encode(), key=llm.name.encode())])

    async def dispatch(self, *dispatches: Dispatch, partition: int = 0, batch: bool = False) -> list[Position]:
        outgoing = [Outgoing(dispatch(one.llm, 1, batch=batch).name, one.encode(), partition) for one in dispatches]
        return [one.position for one in await self.producer(outgoing)]

    async def answered(self, dispatch: Dispatch) -> Response:
        """The first response to the dispatch's query."""
        responses = self.watch.responses[dispatch.accepted.query.query_id]
        await until(lambda: responses)
        return responses[0][1]

    async def failed(self, dispatch: Dispatch) -> Attempt:
        """The first failed attempt of the dispatch's query."""
        attempts = self.watch.attempts[dispatch.accepted.query.query_id]
        await until(lambda: [one for one in attempts if one.event == "failed"])
        return next(one for one in attempts if one.event == "failed")

    async def finished(self, position: Position) -> None:
        """Wait until the record is committed by its group."""
        group = f"executor.{position.topic.split('.', 1)[1]}"
        deadline = time.monotonic() + WAIT_S
        while (await committed_offsets(self.kafka, group, position.topic)).get(
            position.partition, 0
        ) <= position.offset:
            assert time.monotonic() < deadline, f"{position} is not finished"
            await asyncio.sleep(0.1)
