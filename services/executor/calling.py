"""A call with all that surrounds it: circuit, deadline, a provider's wish to wait, and what is learnt from it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from services.executor.call import ask
from services.executor.endpoint import Request
from services.executor.failures import DEADLINE, CallFailedError, Failure, Verdict
from services.executor.leases import Lease
from services.executor.ledger import Entry, Stage
from services.executor.outcomes import Work, cost_usd, started
from services.executor.pieces import Answer, Reading
from services.executor.serving import Serving, Shared
from shared.errors import TransientError
from shared.logs import get
from shared.messages import Llm
from shared.stream.records import Outgoing

_log = get(__name__)
_SILENT = Failure("timeout", "the LLM had said nothing when the deadline passed")


class Calling:
    """Calls one LLM."""

    def __init__(self, shared: Shared, serving: Serving) -> None:
        self._shared = shared
        self._serving = serving
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def llm(self) -> Llm:
        return self._serving.llm

    def refusal(self, work: Work) -> Failure | None:
        """Why there will be no call; None lets it through, and call() must follow."""
        position, llm = work.record.position, self._serving.llm
        if llm.removed:
            return Failure("removed", f"{llm.name} was removed while the query waited for it")
        if self._serving.slots(position.topic, position.partition) == 0:
            return Failure("moved", f"{llm.name} no longer uses partition {position.partition}")
        if self._shared.clock() >= work.dispatch.deadline:
            return Failure("deadline", "the deadline passed before a slot was free")
        refused = self._serving.endpoint.refusal
        return refused or self._serving.circuit.admit(asyncio.get_running_loop().time())

    async def call(self, work: Work, entry: Entry, lease: Lease, write: Callable[[str], None]) -> Answer | Failure:
        """Call until the deadline; `write` takes each piece of text as it comes."""
        began = asyncio.get_running_loop().time()
        outcome: Answer | Failure | None = None
        try:
            outcome = await self._call_in_time(work, entry, lease, write)
        finally:
            self._settle(outcome, began)
            self._serving.ledger.move(entry, Stage.ELSEWHERE)
        if isinstance(outcome, Answer):
            self._learn(work, outcome)
        return outcome

    async def _call_in_time(
        self, work: Work, entry: Entry, lease: Lease, write: Callable[[str], None]
    ) -> Answer | Failure:
        left_s = work.dispatch.deadline - self._shared.clock()
        reading = Reading()
        metrics, llm = self._shared.metrics, self.llm.name
        try:
            async with lease.within(left_s):
                await self._wait_for_pace(work)
                self._begin(work, entry)
                with metrics.in_flight.labels(llm).track_inprogress(), metrics.call_seconds.labels(llm).time():
                    return await self._call_patiently(work, reading, write)
        except CallFailedError as error:
            return error.failure
        except TimeoutError:
            silent = lease.cut_with is DEADLINE and not reading.spoken and left_s > work.dispatch.service_s
            return _SILENT if silent else lease.cut_with

    async def _wait_for_pace(self, work: Work) -> None:
        """Keep to requests and tokens per minute, and to a pause that the provider asked for."""
        tokens = work.dispatch.prompt_tokens + work.dispatch.prediction.response_tokens.mean
        now, llm = asyncio.get_running_loop().time(), self.llm
        share = self._serving.share(work.record.position.partition)
        limits = (_part(llm.requests_per_minute, share), _part(llm.tokens_per_minute, share))
        await asyncio.sleep(self._serving.pace.delay_s(now, tokens, *limits))

    def _begin(self, work: Work, entry: Entry) -> None:
        """Tell that the call starts, without waiting until it is told."""
        self._serving.ledger.move(entry, Stage.CALLING)
        task = asyncio.create_task(self._tell(started(work, self._shared.clock())))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, outgoing: Outgoing) -> None:
        with suppress(TransientError):
            await self._shared.produce([outgoing])

    async def _call_patiently(self, work: Work, reading: Reading, write: Callable[[str], None]) -> Answer:
        """Call; where the provider asks for a wait that fits, wait and call again."""
        serving = self._serving
        request = Request(self.llm.model, work.dispatch.accepted.query, work.dispatch.decision_id)
        while True:
            try:
                return await ask(serving.endpoint, request, reading, write, self._shared.clock())
            except CallFailedError as error:
                wait_s = self._patience_s(work, error.failure)
                if wait_s is None:
                    raise
            serving.pace.pause(asyncio.get_running_loop().time() + wait_s)
            await asyncio.sleep(wait_s)

    def _patience_s(self, work: Work, failure: Failure) -> float | None:
        """How long to wait before asking again inside the attempt; None when it would not fit."""
        slack_s = work.dispatch.deadline - self._shared.clock() - work.dispatch.service_s
        asked_s = failure.retry_after_s if failure.kind == "rate_limited" else None
        return asked_s if asked_s is not None and asked_s <= min(slack_s, self._shared.retry_after_s) else None

    def _learn(self, work: Work, answer: Answer) -> None:
        llm, metrics = self._serving.llm, self._shared.metrics
        metrics.first_token_seconds.labels(llm.name).observe(answer.first_token_s)
        metrics.cost.labels(llm.name).inc(cost_usd(work.dispatch, llm, answer))
        self._serving.speed.observe(answer, work.dispatch.accepted.prompt_tokens)

    def _settle(self, outcome: Answer | Failure | None, began: float) -> None:
        """Tell the circuit; None when the call was cancelled."""
        circuit, now = self._serving.circuit, asyncio.get_running_loop().time()
        before = circuit.reason
        if isinstance(outcome, Failure):
            circuit.settle(outcome.rule.verdict, outcome.kind, began, now)
        else:
            circuit.settle(Verdict.NOTHING if outcome is None else Verdict.FINE, "", began, now)
        if circuit.reason != before:
            self._serving.ledger.changed = True
            _log.warning("circuit changed", llm=self.llm.name, reason=circuit.reason)


def _part(per_minute: int | None, share: float) -> float | None:
    return None if per_minute is None else per_minute * share
