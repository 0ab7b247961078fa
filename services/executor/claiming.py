"""Who may call: attempts are claimed before and closed after, with the leases in between."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from services.executor.leases import Lease, Leases
from services.executor.outcomes import Work
from shared.database.claims import Claim, ClaimKey, Claims, ClaimState
from shared.errors import TransientError
from shared.metrics import Metrics
from shared.stream.records import Outgoing, Position


class Claiming:
    """Takes and closes attempts; with `best_effort` goes on without Postgres, counted."""

    def __init__(self, claims: Claims, leases: Leases, metrics: Metrics, best_effort: bool) -> None:
        self._claims = claims
        self._leases = leases
        self._holder = leases.holder
        self._metrics = metrics
        self._best_effort = best_effort
        #: May have been claimed, though Postgres did not say so.
        self._unsure: set[ClaimKey] = set()
        #: Called without a claim, and none made since.
        self._unclaimed: set[ClaimKey] = set()

    async def take(self, work: Work) -> Claim | None:
        """None: the attempt is ours to call. Else the claim it met. Raises TransientError while Postgres is away."""
        key, decision_id = work.key, work.dispatch.decision_id
        try:
            met = await self._claims.take(key, work.content_hash, decision_id, self._holder)
        except TransientError:
            if not self._best_effort:
                self._unsure.add(key)
                raise
            self._metrics.unclaimed_calls.labels(work.dispatch.llm).inc()
            self._unclaimed.add(key)
            return None
        unsure = key in self._unsure
        self._unsure.discard(key)
        if met is None or not unsure:
            return met
        ours = (met.state, met.holder, met.decision_id) == (ClaimState.RUNNING, self._holder, decision_id)
        return None if ours else met

    def lease(self, key: ClaimKey) -> AbstractContextManager[Lease]:
        """Renewed while it is open; without a claim there is nothing to renew."""
        return nullcontext(Lease()) if key in self._unclaimed else self._leases.hold(key)

    async def close(self, work: Work, state: ClaimState, outbox: Sequence[Outgoing]) -> bool:
        """Whether the outcome counts; False when somebody else closed the attempt before."""
        if work.key in self._unclaimed:
            if await self._close_late(work, state, outbox):
                self._unclaimed.discard(work.key)
            return True
        try:
            return await self._claims.close(work.key, work.dispatch.decision_id, self._holder, state, outbox)
        except TransientError:
            if self._best_effort:
                return True
            raise

    async def _close_late(self, work: Work, state: ClaimState, outbox: Sequence[Outgoing]) -> bool:
        """Whether the outcome of a call without a claim is kept after all.

        The claim may have been made though Postgres did not say so, and would stay running; or Postgres is back.
        """
        key, decision_id = work.key, work.dispatch.decision_id
        try:
            if await self._claims.close(key, decision_id, self._holder, state, outbox):
                return True
            met = await self._claims.close_unclaimed(key, work.content_hash, decision_id, self._holder, state, outbox)
        except TransientError:
            return False
        return met is None

    async def emptied(self, key: ClaimKey, response: Position | None) -> None:
        """What the claim owed was acknowledged."""
        if key in self._unclaimed:
            self._unclaimed.discard(key)
            return
        try:
            await self._claims.emptied(key, response)
        except TransientError:
            if not self._best_effort:
                raise
