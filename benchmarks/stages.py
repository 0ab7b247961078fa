"""When each stage of each query was appended, by the broker's own clock: no other clock is in the figures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.messages import Accepted, Dispatch, Prediction, Receipt
from shared.metrics import Metrics
from shared.stream.broadcast import BroadcastLane
from shared.stream.records import Record
from shared.topics import ACCEPTED, DECISIONS, PREDICTIONS, dispatch


@dataclass(slots=True)
class Passage:
    """One query's append times, seconds on the broker's clock; None before the stage."""

    queried: float
    accepted: float | None = None
    predictions: list[float] = field(default_factory=list)
    decided: float | None = None
    dispatched: float | None = None

    def stages(self) -> dict[str, float]:
        """Seconds per stage of a dispatched query, and their sum."""
        assert self.accepted is not None
        assert self.decided is not None
        assert self.dispatched is not None
        in_time = [at for at in self.predictions if at <= self.decided]
        predicted = max([self.accepted, *in_time])
        return {
            "embed": self.accepted - self.queried,
            "predict": predicted - self.accepted,
            "decide": self.decided - predicted,
            "dispatch": self.dispatched - self.decided,
            "query to dispatch": self.dispatched - self.queried,
        }


class Stages:
    """Reads what the services produce from now on and keeps each query's passage, by its origin."""

    def __init__(self, kafka: str, llms: Sequence[str]) -> None:
        self.passages: dict[str, Passage] = {}
        self._queues = frozenset(dispatch(llm, 1).name for llm in llms)
        names = (ACCEPTED.name, PREDICTIONS.name, DECISIONS.name, *sorted(self._queues))
        self._lane = BroadcastLane("stages", kafka, names, self._note, 0.0, Metrics())

    async def __aenter__(self) -> "Stages":
        self._reading = asyncio.create_task(self._lane.run())
        await asyncio.wait_for(self._lane.caught_up.wait(), 30)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lane.stop()
        await self._reading

    async def until_dispatched(self, origins: Sequence[str], patience_s: float) -> None:
        """Return when all of `origins` are dispatched; raises TimeoutError."""
        async with asyncio.timeout(patience_s):
            # Looking at each record would compete with what is measured.
            while any(self._lacks(origin) for origin in origins):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def _lacks(self, origin: str) -> bool:
        passage = self.passages.get(origin)
        return passage is None or passage.dispatched is None

    def _passage(self, origin: str, accepted_at: float) -> Passage:
        return self.passages.setdefault(origin, Passage(accepted_at))

    def _note(self, record: Record) -> None:
        at, topic = record.appended_at, record.position.topic
        if topic == ACCEPTED.name:
            accepted = Accepted.decode(record.value)
            self._passage(accepted.origin, accepted.accepted_at).accepted = at
        elif topic == PREDICTIONS.name:
            prediction = Prediction.decode(record.value)
            self._passage(prediction.origin, prediction.accepted_at).predictions.append(at)
        elif topic == DECISIONS.name:
            receipt = Receipt.decode(record.value)
            self._passage(receipt.origin, receipt.accepted_at).decided = at
        elif topic in self._queues:
            accepted = Dispatch.decode(record.value).accepted
            self._passage(accepted.origin, accepted.accepted_at).dispatched = at
