"""Ending an attempt: one compare-and-set that keeps what it owes, then producing that until it is acknowledged."""

from services.executor.failures import Failure
from services.executor.outcomes import Work
from services.executor.pieces import Answer
from services.executor.serving import Shared
from shared.database.claims import ClaimKey, ClaimState
from shared.logs import get
from shared.stream.records import Outgoing
from shared.topics import RESPONSES

_log = get(__name__)


class Closing:
    """Closes attempts of this process, and empties any outbox."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def close(self, work: Work, outcome: Answer | Failure, outbox: tuple[Outgoing, ...]) -> bool:
        """False when somebody else had closed the attempt: this outcome is discarded. Waits while Postgres is away."""
        shared, llm, state = self._shared, work.dispatch.llm, _state(outcome)
        closed = await shared.retry(work.record.position.topic, lambda: shared.claiming.close(work, state, outbox))
        kind = outcome.kind if isinstance(outcome, Failure) else "answered"
        shared.metrics.attempts.labels(llm, kind if closed else "discarded").inc()
        if not closed:
            shared.metrics.duplicate_calls.labels(llm).inc()
        _log.info("attempt ended", llm=llm, attempt=work.dispatch.attempt, outcome=kind, counted=closed)
        return closed

    async def deliver(self, key: ClaimKey, outbox: tuple[Outgoing, ...], topic: str) -> None:
        """Produce what a closed claim owes and empty its outbox. Waits while Kafka or Postgres is away."""
        shared = self._shared
        acknowledged = await shared.retry(topic, lambda: shared.produce(outbox))
        response = next((one.position for one in acknowledged if one.position.topic == RESPONSES.name), None)
        await shared.retry(topic, lambda: shared.claiming.emptied(key, response))


def _state(outcome: Answer | Failure) -> ClaimState:
    if isinstance(outcome, Answer):
        return ClaimState.ANSWERED
    return ClaimState.LOST if outcome.kind == "lost" else ClaimState.FAILED
