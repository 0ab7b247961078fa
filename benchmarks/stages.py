"""When each stage of each query was appended, by the broker's own clock: no other clock is in the figures.

While the load runs only the dispatched records are read, and not decoded: whoever measures would else compete with what
is measured. The rest is read from the broker afterwards.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.messages import Accepted, Dispatch, Prediction, Receipt
from shared.metrics import Metrics
from shared.stream.broadcast import BroadcastLane
from shared.stream.records import Record
from shared.stream.snapshot import snapshot
from shared.topics import ACCEPTED, DECISIONS, PREDICTIONS, dispatch


@dataclass(frozen=True, slots=True)
class Passage:
    """One query's append times, seconds on the broker's clock; what came twice counts by its first."""

    queried: float
    dispatched: float
    #: By topic, in order.
    appended: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def stages(self) -> dict[str, float]:
        """Seconds per stage, and their sum."""
        accepted, decided = self.appended[ACCEPTED.name][0], self.appended[DECISIONS.name][0]
        predicted = max([accepted, *(at for at in self.appended[PREDICTIONS.name] if at <= decided)])
        return {
            "embed": accepted - self.queried,
            "predict": predicted - accepted,
            "decide": decided - predicted,
            "dispatch": self.dispatched - decided,
            "query to dispatch": self.dispatched - self.queried,
        }


class Stages:
    """The passages of the queries that are sent while it is open."""

    def __init__(self, kafka: str, llms: Sequence[str]) -> None:
        self._kafka = kafka
        queues = tuple(dispatch(llm, 1).name for llm in llms)
        self._dispatched: list[Record] = []
        self._lane = BroadcastLane("stages", kafka, queues, self._dispatched.append, 0.0, Metrics())

    async def __aenter__(self) -> "Stages":
        self._reading = asyncio.create_task(self._lane.run())
        caught_up = asyncio.create_task(self._lane.caught_up.wait())
        await asyncio.wait((self._reading, caught_up), timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if not caught_up.done():
            caught_up.cancel()
            await self._reading
        self._dispatched.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lane.stop()
        await self._reading

    async def until_dispatched(self, origins: Sequence[str], patience_s: float) -> None:
        """Return when as many as `origins` are dispatched; raises TimeoutError."""
        async with asyncio.timeout(patience_s):
            while len(self._dispatched) < len(origins):  # noqa: ASYNC110 - a look at each record would compete
                await asyncio.sleep(0.05)

    async def passages(self, origins: Sequence[str]) -> list[Passage]:
        """How each of `origins` went, read from the broker."""
        passages = {}
        for record in self._dispatched:
            accepted = Dispatch.decode(record.value).accepted
            passages[accepted.origin] = Passage(queried=accepted.accepted_at, dispatched=record.appended_at)
        since = min(passage.queried for passage in passages.values())
        for topic, message in ((ACCEPTED, Accepted), (PREDICTIONS, Prediction), (DECISIONS, Receipt)):
            for record in await snapshot(self._kafka, topic.name, since=since):
                passage = passages.get(message.decode(record.value).origin)
                if passage is not None:
                    passage.appended[topic.name].append(record.appended_at)
        return [passages[origin] for origin in origins]
