"""Announcements of what each LLM has to do here: each second, and soon after a change."""

import asyncio
from collections.abc import Callable, Mapping

from services.executor.serving import Serving
from shared.messages import ExecutorCapacity, PartitionCapacity
from shared.metrics import Metrics
from shared.stream.concurrent import PartitionView
from shared.stream.handlers import Produce
from shared.stream.records import Outgoing
from shared.topics import CAPACITY

#: How often to look for changes; many at once make one announcement.
LOOK_S = 0.05
_REPEAT_S = 1.0


def capacity(serving: Serving, instance: str, at: float) -> ExecutorCapacity:
    """One LLM as this process sees it at `at`, broker time."""
    healthy = serving.endpoint.refusal is None and serving.circuit.healthy(asyncio.get_running_loop().time())
    return ExecutorCapacity(
        llm=serving.llm.name,
        instance=instance,
        at=at,
        partitions=tuple(_partition(serving, view) for view in serving.partitions() if view.next_offset is not None),
        first_token_s=serving.speed.first_token_s,
        tokens_per_s=serving.speed.tokens_per_s,
        prompt_token_ratio=serving.speed.prompt_token_ratio,
        parallelism=serving.llm.parallelism,
        healthy=healthy,
        reason=None if healthy else serving.closed,
    )


def _partition(serving: Serving, view: PartitionView) -> PartitionCapacity:
    seconds = serving.ledger.seconds(view.topic, view.partition)
    return PartitionCapacity(
        topic=view.topic,
        partition=view.partition,
        next_offset=view.next_offset or 0,
        owned_since=view.owned_since,
        slots=serving.slots(view.topic, view.partition),
        queued_s=seconds.queued_s,
        remaining_s=seconds.remaining_s,
        in_flight=seconds.in_flight,
    )


class Announcer:
    """Produces what is new, and everything once a second."""

    def __init__(
        self,
        servings: Mapping[str, Serving],
        instance: str,
        clock: Callable[[], float],
        produce: Produce,
        metrics: Metrics,
    ) -> None:
        self._servings = servings
        self._instance = instance
        self._clock = clock
        self._produce = produce
        self._metrics = metrics
        self._announced_at: dict[str, float] = {}
        self._closed: dict[str, str | None] = {}

    async def announce(self) -> None:
        """Called every LOOK_S."""
        now = self._clock()
        due = [serving for name, serving in self._servings.items() if self._is_due(name, serving, now)]
        outgoing = []
        for serving in due:
            serving.ledger.changed = False
            self._announced_at[serving.llm.name] = now
            message = capacity(serving, self._instance, now)
            self._export(serving)
            outgoing.append(Outgoing(CAPACITY.name, message.encode(), key=self._instance.encode()))
        await self._produce(outgoing)

    def _export(self, serving: Serving) -> None:
        """An LLM stays closed, whatever its probes try, until a call succeeds."""
        llm, reason = serving.llm.name, serving.closed
        before, self._closed[llm] = self._closed.get(llm), reason
        if before is not None and before != reason:
            self._metrics.llm_closed.labels(llm, before).set(0)
        if reason is not None:
            self._metrics.llm_closed.labels(llm, reason).set(1)

    def _is_due(self, name: str, serving: Serving, now: float) -> bool:
        return serving.ledger.changed or abs(now - self._announced_at.get(name, 0.0)) >= _REPEAT_S
