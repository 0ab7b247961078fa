"""A dispatch that meets a claim: whatever is owed is produced, nothing is called (protocol 3)."""

from collections.abc import Callable
from enum import Enum

from services.executor.closing import Closing
from services.executor.failures import LOST
from services.executor.outcomes import Work, failed, refused
from services.executor.serving import Shared
from shared.database.claims import Claim, ClaimState, Holder
from shared.errors import TransientError
from shared.stream.records import Outgoing, Position, Record


class Step(Enum):
    """What a met claim asks for."""

    DELIVER = "closed, but what it owes was not produced"
    FINISH = "closed, and all was produced"
    WAIT = "another process calls"
    CLOSE_ABANDONED = "its holder went away: close it as lost"
    CLOSE_OWN = "this process gave up on it: close it as lost"
    REPEAT = "another dispatch of the same query: its response is owed to this record too"
    REFUSE = "another query under the same id"


def step(met: Claim, decision_id: str, content_hash: str, holder: Holder) -> Step:
    """The table of protocol 3; the records of one decision take turns, so none of them is in a call now."""
    if met.outbox:
        return Step.DELIVER
    if met.decision_id != decision_id:
        return Step.REPEAT if met.content_hash == content_hash else Step.REFUSE
    if met.state is not ClaimState.RUNNING:
        return Step.FINISH
    if met.holder == holder:
        return Step.CLOSE_OWN
    if met.lease_expired or met.holder.instance == holder.instance:
        return Step.CLOSE_ABANDONED
    return Step.WAIT


class Meeting:
    """Does what a met claim asks for."""

    def __init__(self, shared: Shared, closing: Closing, stand_aside: Callable[[Position], None]) -> None:
        self._shared = shared
        self._closing = closing
        self._stand_aside = stand_aside

    async def settle(self, work: Work, met: Claim) -> bool:
        """Whether the record is finished; False: the claim has changed, look again.

        Raises TransientError while another process or dispatch calls, or Kafka or Postgres is away.
        """
        shared = self._shared
        match step(met, work.dispatch.decision_id, work.content_hash, shared.holder):
            case Step.DELIVER:
                await self._closing.deliver(met.key, met.outbox, work.record.position.topic)
                return False
            case Step.WAIT:
                shared.metrics.claim_waits.labels(work.dispatch.llm).inc()
                raise TransientError(f"{met.holder.instance} calls, its lease runs for {met.lease_left_s:.0f} s")
            case Step.CLOSE_ABANDONED:
                await shared.claims.close_expired(met, shared.holder, self._lost(work))
                return False
            case Step.CLOSE_OWN:
                await shared.claims.close(met.key, met.decision_id, shared.holder, ClaimState.LOST, self._lost(work))
                return False
            case Step.REPEAT:
                return await self._repeat(work)
            case Step.REFUSE:
                text = "this query_id was used before for another query; send it again with a new id"
                await self._refuse(work, "id_reused", text)
        return True

    def _lost(self, work: Work) -> tuple[Outgoing, ...]:
        return failed(work, LOST, self._shared.clock())

    async def _repeat(self, work: Work) -> bool:
        """Produce the response this query has already, byte by byte, unless this record's sender has read it."""
        closed = await self._shared.claims.response_of(work.key.tenant, work.key.query_id)
        if closed is None:
            return await self._await_response(work)
        if closed.outbox:
            await self._closing.deliver(closed.key, closed.outbox, work.record.position.topic)
            return False
        kept = None if closed.response_at is None else await self._shared.read_at(closed.response_at)
        if kept is None:
            text = "this query was answered before, and its response is no longer kept; send it again with a new id"
            await self._refuse(work, "expired", text)
        elif not _was_heard(work, kept):
            await self._shared.produce((Outgoing(kept.position.topic, kept.value, work.reply, kept.key, work.headers),))
        return True

    async def _await_response(self, work: Work) -> bool:
        """Another dispatch carries on; its response may go elsewhere than where this record's sender listens.

        The slot is given back meanwhile: what is waited for may come to stand behind this very record.
        """
        if self._shared.clock() < work.dispatch.deadline:
            self._stand_aside(work.record.position)
            raise TransientError("another record of this query is being answered, its response is owed to this one too")
        text = "no answer in time to the same query that was sent before; ask again with this id to have its answer"
        await self._refuse(work, "deadline", text)
        return True

    async def _refuse(self, work: Work, kind: str, text: str) -> None:
        self._shared.metrics.refused.labels(kind).inc()
        await self._shared.produce(refused(work, kind, text, self._shared.clock()))


def _was_heard(work: Work, response: Record) -> bool:
    """Whoever sent this record listens since before it was appended."""
    return response.position.partition == work.reply and response.appended_at >= work.dispatch.accepted.accepted_at
