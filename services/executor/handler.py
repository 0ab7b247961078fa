"""Dispatches in; responses and attempts out, each under its claim. No Kafka, and no clock of its own."""

from structlog.contextvars import bound_contextvars

from services.executor.attempt import Attempts
from services.executor.calling import Calling
from services.executor.closing import Closing
from services.executor.ledger import Entry, Stage
from services.executor.meeting import Meeting
from services.executor.outcomes import Work
from services.executor.serving import Serving, Shared
from shared.content import content_hash
from shared.messages import Dispatch
from shared.stream.records import Record


class DispatchHandler:
    """One LLM's dispatches: each is claimed and called, or meets a claim."""

    def __init__(self, shared: Shared, serving: Serving) -> None:
        closing = Closing(shared)
        self._shared = shared
        self._serving = serving
        self._attempts = Attempts(shared, Calling(shared, serving), closing)
        self._meeting = Meeting(shared, closing, serving.calls.stand_aside)

    async def handle(self, record: Record, dispatch: Dispatch) -> None:
        """Return when this record owes nothing any more.

        Raises TransientError while Postgres is away or another process calls: then it is to be handed in again, or
        left to the partition's next owner.
        """
        shared, ledger, turns = self._shared, self._serving.ledger, self._serving.turns
        digest = content_hash(dispatch.accepted.query)
        work = Work(record, dispatch, shared.holder.instance, shared.home_partitions, digest)
        with bound_contextvars(query_id=work.key.query_id), ledger.entry(record.position, dispatch.service_s) as entry:
            if turns.taken(dispatch.decision_id):
                ledger.move(entry, Stage.ELSEWHERE)
            async with turns.of(dispatch.decision_id):
                ledger.move(entry, Stage.QUEUED)
                while not await self._advance(work, entry):
                    pass

    async def _advance(self, work: Work, entry: Entry) -> bool:
        """Claim and call, or do what the claim that is there asks for; whether the record is finished."""
        claiming = self._shared.claiming
        met = await claiming.take(work)
        if met is not None:
            self._serving.ledger.move(entry, Stage.ELSEWHERE)
            return await self._meeting.settle(work, met)
        with claiming.lease(work.key) as lease:
            return await self._attempts.run(work, entry, lease)
