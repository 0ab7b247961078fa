"""One attempt under its claim: call, close, deliver."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext

from services.executor.calling import Calling
from services.executor.chunks import Chunks
from services.executor.closing import Closing
from services.executor.failures import LOST, Failure
from services.executor.leases import Lease
from services.executor.ledger import Entry
from services.executor.outcomes import Work, answered, failed, stages
from services.executor.pieces import Answer
from services.executor.serving import Shared
from shared.stream.records import Outgoing


class Attempts:
    """Makes the attempts at one LLM. Whatever ends an attempt ends it here, under its claim."""

    def __init__(self, shared: Shared, calling: Calling, closing: Closing) -> None:
        self._shared = shared
        self._calling = calling
        self._closing = closing

    async def run(self, work: Work, entry: Entry, lease: Lease) -> bool:
        """False when somebody else had closed the attempt, and its outcome here is discarded."""
        async with self._chunks(work) as chunks:
            try:
                outcome, outbox = await self._outcome(work, entry, lease, chunks)
            except asyncio.CancelledError:
                # The drain's time is over: what is in flight is closed before the process ends.
                await self._give_up(work)
                raise
            if not await self._closing.close(work, outcome, outbox):
                return False
            if chunks is not None and isinstance(outcome, Answer):
                await chunks.finish()
        await self._closing.deliver(work.key, outbox, work.record.position.topic)
        return True

    async def _give_up(self, work: Work) -> None:
        """Close as lost and tell so."""
        outbox = failed(work, LOST, self._shared.clock())
        if await self._closing.close(work, LOST, outbox):
            await self._closing.deliver(work.key, outbox, work.record.position.topic)

    def _chunks(self, work: Work) -> AbstractAsyncContextManager[Chunks | None]:
        if not work.dispatch.accepted.query.stream:
            return nullcontext()
        return Chunks(work.dispatch, work.reply, work.headers, self._shared.produce)

    async def _outcome(
        self, work: Work, entry: Entry, lease: Lease, chunks: Chunks | None
    ) -> tuple[Answer | Failure, tuple[Outgoing, ...]]:
        """How the attempt ended, and the records it owes."""
        clock = self._shared.clock
        refusal = self._calling.refusal(work)
        if refusal is not None:
            return refusal, failed(work, refusal, clock())
        outcome = await self._calling.call(work, entry, lease, _ignore if chunks is None else chunks.write)
        began = clock() if entry.began is None else entry.began
        if isinstance(outcome, Answer):
            owed = answered(work, self._calling.llm, outcome, began, clock())
            if not isinstance(owed, Failure):
                self._time(work, began)
                return outcome, owed
            outcome = owed
        return outcome, failed(work, outcome, clock(), clock() - began)

    def _time(self, work: Work, began: float) -> None:
        metrics, now = self._shared.metrics, self._shared.clock()
        metrics.answer_seconds.observe(max(now - work.dispatch.accepted.accepted_at, 0.0))
        for stage, seconds in stages(work, began, now).items():
            metrics.stage_seconds.labels(stage).observe(seconds)


def _ignore(_text: str) -> None:
    """Nobody asked for pieces."""
