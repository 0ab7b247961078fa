"""What every replica hears without a group: LLMs, the policy, and everybody's waits."""

import asyncio
from functools import partial

from services.decision.backlog import recover
from services.decision.fleet import Fleet
from services.decision.outstanding import Outstanding
from shared.messages import Llm
from shared.metrics import Metrics
from shared.stream.admin import committed_offsets, end_offsets
from shared.stream.broadcast import BroadcastLane
from shared.stream.retry import Retry
from shared.topics import CAPACITY, LLMS, MODELS

#: Executors announce each second; what is older says nothing that a newer announcement does not.
_CAPACITY_BACK_S = 5.0


class Listening:
    """Builds the lanes that feed `fleet` and `outstanding`, and knows when both are complete."""

    def __init__(self, kafka: str, fleet: Fleet, outstanding: Outstanding, metrics: Metrics) -> None:
        self._kafka = kafka
        self._fleet = fleet
        self._outstanding = outstanding
        self._metrics = metrics
        self._registry_heard = asyncio.Event()
        self._capacity_heard = asyncio.Event()

    def registry(self) -> BroadcastLane:
        names, heard = (LLMS.name, MODELS.name), self._registry_heard
        return BroadcastLane("registry", self._kafka, names, self._fleet.receive, "beginning", self._metrics, heard)

    def capacity(self) -> BroadcastLane:
        receive, heard = self._outstanding.receive, self._capacity_heard
        return BroadcastLane("capacity", self._kafka, (CAPACITY.name,), receive, _CAPACITY_BACK_S, self._metrics, heard)

    async def complete(self) -> None:
        """Return when all LLMs are known, and what stands before each."""
        await self._registry_heard.wait()
        await self._capacity_heard.wait()
        retry = Retry(self._metrics)
        for llm in list(self._fleet.live.values()):
            await retry(CAPACITY.name, partial(self._recover, llm))

    async def export(self) -> None:
        """Set the gauge of outstanding seconds."""
        for llm in self._fleet.live.values():
            outstanding_s = sum(load.outstanding_s for load in self._outstanding.loads(llm))
            self._metrics.wait_forecast.labels(llm.name).set(outstanding_s)

    async def _recover(self, llm: Llm) -> None:
        ends, committed = partial(end_offsets, self._kafka), partial(committed_offsets, self._kafka)
        await recover(llm, self._outstanding, ends, committed)
