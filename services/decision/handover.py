"""Passes ownership of a decided query on: the receipt is acknowledged before its dispatch, a note follows."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from services.decision.decide import Dispatched, Refused
from services.decision.ending import Ending, out_of_time, undispatchable
from services.decision.outstanding import Outstanding
from services.decision.undecided import Undecided
from shared.errors import PermanentError, TransientError
from shared.logs import get
from shared.messages import Receipt
from shared.stream.dead import Cemetery
from shared.stream.handlers import Produce
from shared.stream.headers import passed_on
from shared.stream.records import Acknowledgement, Outgoing
from shared.stream.retry import Retry
from shared.topics import CAPACITY, DECISIONS

_log = get(__name__)


class Close(Protocol):
    """Ends a query under its claim; raises TransientError while that cannot be made durable."""

    async def __call__(self, ending: Ending, now: float) -> None: ...


class HandOver:
    """Every way a query leaves decision; each returns when somebody else owns it durably."""

    def __init__(
        self,
        produce: Produce,
        close: Close,
        outstanding: Outstanding,
        cemetery: Cemetery,
        clock: Callable[[], float],
        retry: Retry,
    ) -> None:
        self._produce = produce
        self._close = close
        self._outstanding = outstanding
        self._cemetery = cemetery
        self._clock = clock
        self._retry = retry

    async def dispatched(self, undecided: Undecided, decision: Dispatched) -> None:
        """Receipt, dispatch, note; when the dispatch cannot be produced by the deadline, the query ends here."""
        await self._durable(_receipt(undecided, decision.receipt))
        try:
            [acknowledged] = await self._durable(
                _dispatch(undecided, decision), wanted=lambda: self._clock() < undecided.deadline
            )
        except (TransientError, PermanentError) as error:
            self._outstanding.release(decision.reservation)
            await self.ended(self._undelivered(undecided, decision, error))
            return
        note = self._outstanding.acknowledged(decision.reservation, acknowledged.position)
        await self._durable(Outgoing(CAPACITY.name, note.encode(), undecided.home))
        _log.info(
            "dispatched a query",
            query_id=undecided.accepted.query.query_id,
            decision_id=decision.receipt.decision_id,
            llm=decision.dispatch.llm,
            attempt=undecided.attempt,
        )

    async def refused(self, undecided: Undecided, decision: Refused, ending: Ending) -> None:
        """Receipt, then the response under the claim."""
        await self._durable(_receipt(undecided, decision.receipt))
        await self.ended(ending)

    async def ended(self, ending: Ending) -> None:
        topic = ending.undecided.record.position.topic
        await self._retry(topic, lambda: self._close(ending, self._clock()))
        response = ending.response
        kind = None if response.error is None else response.error.kind
        _log.info("ended a query", query_id=response.query_id, status=response.status, kind=kind)

    async def buried(self, undecided: Undecided, error: PermanentError) -> None:
        """What can neither be dispatched nor ended is kept for people to look at, and its sender told."""
        for letter in self._cemetery.bury(undecided.record, error):
            await self._durable(letter)

    def _undelivered(self, undecided: Undecided, decision: Dispatched, error: Exception) -> Ending:
        now, decision_id = self._clock(), decision.receipt.decision_id
        if isinstance(error, TransientError):
            return out_of_time(undecided, decision_id, now)
        return undispatchable(undecided, decision_id, str(error), now)

    def _durable(
        self, outgoing: Outgoing, wanted: Callable[[], bool] = lambda: True
    ) -> Awaitable[tuple[Acknowledgement, ...]]:
        return self._retry(outgoing.topic, partial(self._acknowledged, outgoing), wanted)

    async def _acknowledged(self, outgoing: Outgoing) -> tuple[Acknowledgement, ...]:
        return tuple(await self._produce([outgoing]))


def _receipt(undecided: Undecided, receipt: Receipt) -> Outgoing:
    key = receipt.query_id.encode()
    return Outgoing(DECISIONS.name, receipt.encode(), undecided.home, key, passed_on(undecided.record))


def _dispatch(undecided: Undecided, decision: Dispatched) -> Outgoing:
    reserved, key = decision.reservation, undecided.accepted.query.query_id.encode()
    headers = passed_on(undecided.record)
    return Outgoing(reserved.topic, decision.dispatch.encode(), reserved.partition, key, headers)
