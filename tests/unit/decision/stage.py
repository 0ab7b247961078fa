"""A decision replica on a stage: everything real but the broker, the clock, the draw and the claims."""

import asyncio
from collections.abc import Sequence
from itertools import count

from services.decision.decide import Decider
from services.decision.ending import Ending
from services.decision.fleet import Fleet
from services.decision.handler import DecisionHandler
from services.decision.handover import HandOver
from services.decision.outstanding import Outstanding
from services.decision.settings import DecisionSettings
from shared.errors import PermanentError, TransientError
from shared.messages import (
    Accepted,
    Attempt,
    AttemptError,
    Dispatch,
    DispatchNote,
    ExecutorCapacity,
    Llm,
    Message,
    PartitionCapacity,
    Prediction,
    Query,
    Receipt,
    TokenForecast,
    pack_vector,
)
from shared.metrics import Metrics
from shared.stream.dead import Cemetery
from shared.stream.handlers import Watermark
from shared.stream.records import Acknowledgement, Outgoing, Position, Record
from shared.stream.retry import Retry
from shared.stream.unserved import Unserved
from shared.topics import ACCEPTED, ATTEMPTS, DECISIONS, PREDICTIONS

START = 1_000_000.0
HOME = 2


class Broker:
    """Acknowledges what it is given, unless told to be away or to refuse a topic."""

    def __init__(self) -> None:
        self.records: list[tuple[Outgoing, Position]] = []
        self.away: set[str] = set()
        self.refused: set[str] = set()
        self._offsets: dict[tuple[str, int], count[int]] = {}

    async def __call__(self, outgoing: Sequence[Outgoing]) -> list[Acknowledgement]:
        await asyncio.sleep(0)
        return [self._append(record) for record in outgoing]

    def _append(self, record: Outgoing) -> Acknowledgement:
        if record.topic in self.away:
            raise TransientError(f"{record.topic} is away")
        if record.topic in self.refused:
            raise PermanentError(f"{record.topic} takes nothing")
        place = (record.topic, record.partition or 0)
        position = Position(*place, next(self._offsets.setdefault(place, count())))
        self.records.append((record, position))
        return Acknowledgement(position, START)

    @property
    def topics(self) -> list[str]:
        return [record.topic for record, _ in self.records]

    def on(self, prefix: str) -> list[Outgoing]:
        return [record for record, _ in self.records if record.topic.startswith(prefix)]


class Stage:
    """Plays records to a DecisionHandler and keeps what comes of them."""

    def __init__(self, *llms: Llm, settings: DecisionSettings | None = None, draw: float = 0.99) -> None:
        self.now = START
        self.broker = Broker()
        self.finished: list[Position] = []
        self.endings: list[Ending] = []
        #: The next closing fails, and only that.
        self.database_away = False
        self.watermarks: dict[int, Watermark] = {}
        self.fleet, self.outstanding, self.metrics = Fleet(), Outstanding(), Metrics()
        self._offsets = count()
        ids = count(1)
        for llm in llms:
            self.fleet.learn(llm)
        settings = DecisionSettings(instance="decision-1") if settings is None else settings
        decider = Decider(self.fleet, self.outstanding, settings, lambda: draw, lambda: f"decision-{next(ids)}")
        cemetery = Cemetery("decision-1", self.metrics, Unserved(4, lambda: self.now))
        retry = Retry(self.metrics, longest_s=0.01)
        hand_over = HandOver(self.broker, self._close, self.outstanding, cemetery, lambda: self.now, retry)
        self.handler = DecisionHandler(self.fleet, decider, hand_over, settings, lambda: self.now, self.metrics)
        self._anything_finished = asyncio.Event()
        self.handler.bind(self._finish, self._watermark)

    async def receive(self, topic: str, message: Message, appended_at: float | None = None) -> Record:
        appended_at = self.now if appended_at is None else appended_at
        record = Record(Position(topic, HOME, next(self._offsets)), message.encode(), appended_at)
        await self.handler.receive(record)
        await self.settle()
        return record

    async def accept(self, message: Accepted, appended_at: float | None = None) -> Record:
        return await self.receive(ACCEPTED.name, message, appended_at)

    async def predict(self, message: Prediction, appended_at: float | None = None) -> Record:
        return await self.receive(PREDICTIONS.name, message, appended_at)

    async def fail(self, message: Attempt) -> Record:
        return await self.receive(ATTEMPTS.name, message)

    async def after(self, seconds: float) -> None:
        """Let time pass, and one tick."""
        self.now += seconds
        await self.handler.tick(self.now)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    async def until_finished(self) -> None:
        """Wait out the backoff of what is retried."""
        async with asyncio.timeout(20):
            await self._anything_finished.wait()

    @property
    def receipts(self) -> list[Receipt]:
        return [Receipt.decode(record.value) for record in self.broker.on(DECISIONS.name)]

    @property
    def dispatches(self) -> list[Dispatch]:
        return [Dispatch.decode(record.value) for record in self.broker.on("dispatch")]

    @property
    def notes(self) -> list[DispatchNote]:
        return [DispatchNote.decode(record.value) for record in self.broker.on("capacity")]

    def _finish(self, record: Record) -> None:
        self.finished.append(record.position)
        self._anything_finished.set()

    async def _close(self, ending: Ending, now: float) -> None:
        if self.database_away:
            self.database_away = False
            raise TransientError("the database is away for a moment")
        self.endings.append(ending)

    def _watermark(self, topic: str, partition: int) -> Watermark:
        assert topic == ACCEPTED.name
        return self.watermarks.get(partition, Watermark(None, False))


def an_llm(name: str, **changes: object) -> Llm:
    fields: dict[str, object] = {
        "name": name,
        "base_url": "http://localhost/v1",
        "model": name,
        "usd_per_mtok_input": 1.0,
        "usd_per_mtok_output": 2.0,
        "context_tokens": 8000,
        "parallelism": 2,
        "prior_first_token_s": 0.5,
        "prior_tokens_per_s": 100.0,
    }
    return Llm.model_validate(fields | changes)


def an_accepted(origin: str = "0-1", *, at: float = START, prompt_tokens: int = 1000, **query: object) -> Accepted:
    fields: dict[str, object] = {"query_id": f"query-{origin}", "prompt": "What is 2 + 2?"}
    return Accepted(
        query=Query.model_validate(fields | query),
        origin=origin,
        accepted_at=at,
        vector=pack_vector(bytes(8)),
        encoder="encoder-1",
        prompt_tokens=prompt_tokens,
    )


def a_prediction(llm: str, quality: float = 0.8, origin: str = "0-1", tokens: float = 200) -> Prediction:
    return Prediction(
        origin=origin,
        accepted_at=START,
        llm=llm,
        quality=quality,
        response_tokens=TokenForecast(mean=tokens, p10=tokens / 2, p90=tokens * 2),
        uncertainty=0.5,
        head="head-1",
    )


def a_failure(dispatch: Dispatch, kind: str = "overloaded", *, blames_llm: bool = True, counts: bool = True) -> Attempt:
    return Attempt(
        event="failed",
        decision_id=dispatch.decision_id,
        origin=dispatch.accepted.origin,
        query_id=dispatch.accepted.query.query_id,
        tenant="default",
        accepted_at=dispatch.accepted.accepted_at,
        attempt=dispatch.attempt,
        llm=dispatch.llm,
        instance="executor-1",
        at=START,
        error=AttemptError(kind=kind, message="as told", blames_llm=blames_llm, counts=counts),
        dispatch=dispatch,
    )


def an_announcement(llm: str, *partitions: PartitionCapacity, at: float = START, **changes: object) -> ExecutorCapacity:
    fields: dict[str, object] = {
        "llm": llm,
        "instance": "executor-1",
        "at": at,
        "partitions": partitions,
        "parallelism": 2,
    }
    return ExecutorCapacity.model_validate(fields | changes)


def a_partition(llm: str, number: int, **changes: object) -> PartitionCapacity:
    fields: dict[str, object] = {
        "topic": f"dispatch.{llm}",
        "partition": number,
        "next_offset": 0,
        "owned_since": START,
        "slots": 1,
        "queued_s": 0.0,
        "remaining_s": 0.0,
        "in_flight": 0,
    }
    return PartitionCapacity.model_validate(fields | changes)
