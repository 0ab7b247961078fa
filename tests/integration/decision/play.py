"""Replicas as processes on the session's broker, and what embedder, predictors and executors would send them."""

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import uuid4

from pointsman.local.endpoint import address, answers
from pointsman.local.process import Child, Program
from shared.messages import (
    Accepted,
    Attempt,
    AttemptError,
    Dispatch,
    DispatchNote,
    ExecutorCapacity,
    Llm,
    PartitionCapacity,
    Prediction,
    Query,
    Receipt,
    Response,
    TokenForecast,
    decode_capacity,
    pack_vector,
)
from shared.stream.admin import create_topics
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Record
from shared.stream.snapshot import snapshot
from shared.topics import ACCEPTED, ATTEMPTS, CAPACITY, DECISIONS, LLMS, PREDICTIONS, RESPONSES, home, of_llm

WATCHED = (DECISIONS.name, RESPONSES.name, CAPACITY.name)
_random = Random()


@dataclass
class Play:
    """One broker, one database, and everything replicas wrote since the test began."""

    kafka: str
    postgres: str
    home_partitions: int
    folder: Path
    producer: Producer
    receipts: dict[str, list[tuple[Record, Receipt]]] = field(default_factory=dict)
    responses: dict[str, list[tuple[Record, Response]]] = field(default_factory=dict)
    notes: list[DispatchNote] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)

    # Processes

    async def replica(self, **settings: str) -> Child:
        """A replica that is ready to decide."""
        name = f"decision-{uuid4().hex[:8]}"
        port_file = self.folder / f"{name}.port"
        common = {
            "kafka": self.kafka,
            "postgres": self.postgres,
            "instance": name,
            "home_partitions": str(self.home_partitions),
            "health_file": str(port_file),
        }
        program = Program(
            name,
            (sys.executable, "-m", "services.decision"),
            {f"POINTSMAN_{key.upper()}": value for key, value in (common | settings).items()},
            ready=lambda: answers(port_file, "/ready"),
            health=lambda: address(port_file),
            stop_s=20,
        )
        child = Child(program, self.folder / f"{name}.log")
        self.children.append(child)
        child.start()
        await child.until_ready(90)
        return child

    # What the others send

    async def llm(self, **changes: object) -> Llm:
        """An LLM of its own for the test, its topics created, announced."""
        fields: dict[str, object] = {
            "name": f"llm-{uuid4().hex[:8]}",
            "base_url": "http://localhost/v1",
            "model": "m",
            "usd_per_mtok_input": 1.0,
            "usd_per_mtok_output": 2.0,
            "context_tokens": 8000,
            "parallelism": 2,
            "revision": 1,
        }
        llm = Llm.model_validate(fields | changes)
        await create_topics(self.kafka, of_llm(llm.name, llm.parallelism), self.home_partitions)
        await self.producer([Outgoing(LLMS.name, llm.encode(), key=llm.name.encode())])
        return llm

    def accepted(
        self, *llms: Llm, query_id: str | None = None, prompt: str = "2 + 2?", **preferences: object
    ) -> Accepted:
        """A query that only these LLMs may answer, appended just now."""
        return Accepted(
            query=Query.model_validate(
                {
                    "query_id": uuid4().hex if query_id is None else query_id,
                    "prompt": prompt,
                    "preferences": {"llms": [llm.name for llm in llms], "explore": False} | preferences,
                }
            ),
            origin=f"0-{_random.randrange(10**12, 10**15)}",
            accepted_at=time.time(),
            vector=pack_vector(bytes(8)),
            encoder="encoder-1",
            prompt_tokens=1000,
        )

    async def accept(self, accepted: Accepted) -> None:
        await self.producer([Outgoing(ACCEPTED.name, accepted.encode(), self.home_of(accepted))])

    async def predict(self, accepted: Accepted, llm: Llm, quality: float, tokens: float = 100) -> None:
        prediction = Prediction(
            origin=accepted.origin,
            accepted_at=accepted.accepted_at,
            llm=llm.name,
            quality=quality,
            response_tokens=TokenForecast(mean=tokens, p10=tokens / 2, p90=tokens * 2),
            uncertainty=0.1,
            head="head-1",
        )
        await self.producer([Outgoing(PREDICTIONS.name, prediction.encode(), self.home_of(accepted))])

    async def fail(self, dispatch: Dispatch, kind: str = "overloaded") -> None:
        accepted = dispatch.accepted
        attempt = Attempt(
            event="failed",
            decision_id=dispatch.decision_id,
            origin=accepted.origin,
            query_id=accepted.query.query_id,
            tenant=accepted.query.tenant,
            accepted_at=accepted.accepted_at,
            attempt=dispatch.attempt,
            llm=dispatch.llm,
            instance="executor-1",
            at=time.time(),
            error=AttemptError(kind=kind, message="as told", blames_llm=True),
            dispatch=dispatch,
        )
        await self.producer([Outgoing(ATTEMPTS.name, attempt.encode(), self.home_of(accepted))])

    async def announce(self, llm: Llm, *partitions: PartitionCapacity) -> None:
        capacity = ExecutorCapacity(
            llm=llm.name, instance="executor-1", at=time.time(), partitions=partitions, parallelism=llm.parallelism
        )
        await self.producer([Outgoing(CAPACITY.name, capacity.encode(), key=b"executor-1")])

    def home_of(self, accepted: Accepted) -> int:
        return home(accepted.origin, self.home_partitions)

    # What the replicas wrote

    def receive(self, record: Record) -> None:
        if record.position.topic == DECISIONS.name:
            receipt = Receipt.decode(record.value)
            self.receipts.setdefault(receipt.query_id, []).append((record, receipt))
        elif record.position.topic == RESPONSES.name:
            response = Response.decode(record.value)
            self.responses.setdefault(response.query_id, []).append((record, response))
        elif record.value and isinstance(message := decode_capacity(record.value), DispatchNote):
            self.notes.append(message)

    async def response(self, accepted: Accepted, count: int = 1) -> tuple[Record, Response]:
        """The latest response of a query, once it has so many."""
        query_id = accepted.query.query_id
        await eventually(lambda: len(self.responses.get(query_id, ())) >= count, f"response {count} of {query_id}")
        return self.responses[query_id][-1]

    async def receipt(self, accepted: Accepted, count: int = 1) -> tuple[Record, Receipt]:
        query_id = accepted.query.query_id
        await eventually(lambda: len(self.receipts.get(query_id, ())) >= count, f"receipt {count} of {query_id}")
        return self.receipts[query_id][-1]

    async def dispatches(self, llm: Llm, count: int) -> list[tuple[Record, Dispatch]]:
        """What lies in an LLM's queue, once there are so many."""
        deadline = time.monotonic() + 60
        while True:
            records = await snapshot(self.kafka, f"dispatch.{llm.name}")
            if len(records) >= count:
                return [(record, Dispatch.decode(record.value)) for record in records]
            assert time.monotonic() < deadline, f"{len(records)} of {count} dispatches to {llm.name} after 60 s"
            await asyncio.sleep(0.2)


async def eventually(check: Callable[[], bool], what: str, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.02)
