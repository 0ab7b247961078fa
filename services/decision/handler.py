"""Records in, decisions out: when each query is decided, and when its records are finished."""

import asyncio
from collections.abc import Callable, Coroutine
from time import perf_counter

from services.decision import ending
from services.decision.decide import Decider, Dispatched
from services.decision.fleet import Fleet
from services.decision.handover import HandOver
from services.decision.patience import Patience
from services.decision.pending import Early, Pending
from services.decision.settings import DecisionSettings
from services.decision.undecided import Undecided, again, first
from shared.errors import PermanentError, UnforeseenError
from shared.messages import Accepted, Attempt, Prediction
from shared.metrics import Metrics
from shared.stream.containment import contained
from shared.stream.handlers import Watermark
from shared.stream.records import Record
from shared.topics import ACCEPTED, ATTEMPTS, PREDICTIONS

_SWEEP_S = 1.0
#: Before an LLM that failed is asked again because no other may be: the first, doubled with each attempt to the last.
_BACKOFF_S = (0.5, 10.0)


class DecisionHandler:
    """The join (protocol 4). Decisions are handed over in tasks of their own, so that none waits for another's."""

    def __init__(
        self,
        fleet: Fleet,
        decider: Decider,
        hand_over: HandOver,
        settings: DecisionSettings,
        clock: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._fleet = fleet
        self._decider = decider
        self._hand_over = hand_over
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._patience = Patience()
        self._pending = Pending()
        self._postponed: list[Undecided] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._swept_at = 0.0

    def bind(self, finish: Callable[[Record], None], watermark: Callable[[str, int], Watermark]) -> None:
        self._finish = finish
        self._watermark = watermark

    async def receive(self, record: Record) -> None:
        now = self._clock()
        if record.position.topic == PREDICTIONS.name:
            self._predicted(Prediction.decode(record.value), record, now)
        elif record.position.topic == ACCEPTED.name:
            self._accepted(Accepted.decode(record.value), record, now)
        else:
            self._attempted(Attempt.decode(record.value), record, now)

    async def tick(self, now: float) -> None:
        if self._failure is not None:
            raise self._failure
        for undecided in self._pending.due(now):
            self._ripen(undecided, now)
        due = [undecided for undecided in self._postponed if undecided.is_due(now)]
        self._postponed = [undecided for undecided in self._postponed if not undecided.is_due(now)]
        for undecided in due:
            self._decide(undecided, now)
        if now - self._swept_at >= _SWEEP_S:
            self._sweep(now)

    def forget(self, partitions: frozenset[int]) -> None:
        self._pending.forget(partitions)
        self._postponed = [one for one in self._postponed if one.home not in partitions]

    def wants_pause(self) -> frozenset[str]:
        undecided = len(self._pending) + len(self._postponed) + len(self._leaving)
        self._metrics.undecided.set(undecided)
        paused: set[str] = set()
        if undecided >= self._settings.max_undecided:
            paused |= {ACCEPTED.name, ATTEMPTS.name}
        if self._pending.early >= self._settings.max_early_predictions:
            paused.add(PREDICTIONS.name)
        return frozenset(paused)

    def _accepted(self, accepted: Accepted, record: Record, now: float) -> None:
        waiting = self._pending.get(accepted.origin)
        if waiting is not None:
            waiting.companions.append(record)
        elif self._pending.decided(accepted.origin) is not None:
            self._finish(record)
        else:
            self._begin(first(accepted, record, now, self._settings.default_deadline_s), now)

    def _begin(self, undecided: Undecided, now: float) -> None:
        for early in self._pending.add(undecided):
            self._take(undecided, early, now)
        self._ripen(undecided, now)

    def _ripen(self, undecided: Undecided, now: float) -> None:
        """Decide it if it is due and there is anybody to choose from."""
        if undecided.awaited is None and self._fleet.live:
            self._await(undecided, now)
        no_llms_until = min(undecided.read_at + self._settings.no_llms_wait_s, undecided.deadline)
        if not undecided.is_due(now) or (undecided.awaited is None and now < no_llms_until):
            return
        for llm in undecided.awaited or {}:
            self._patience.missed(llm)
            self._metrics.late_predictions.labels(llm).inc()
        self._pending.decide(undecided)
        self._decide(undecided, now)

    def _await(self, undecided: Undecided, now: float) -> None:
        """Set until when each LLM that may answer is waited for."""
        allowed = undecided.accepted.query.preferences.llms
        age_s = undecided.read_at - undecided.accepted.accepted_at
        undecided.awaited = {
            llm: now + patience_s
            for llm in self._fleet.live
            if (allowed is None or llm in allowed)
            and llm not in undecided.predictions
            and (patience_s := self._patience.awaited_s(llm, age_s)) is not None
        }

    def _predicted(self, prediction: Prediction, record: Record, now: float) -> None:
        undecided = self._pending.get(prediction.origin)
        decided = self._pending.decided(prediction.origin)
        if undecided is not None:
            self._take(undecided, Early(prediction, record), now)
            self._ripen(undecided, now)
        elif decided is not None:
            self._patience.arrived(prediction.llm, now - decided.read_at, in_time=False)
            self._finish(record)
        else:
            self._pending.keep_early(Early(prediction, record))

    def _take(self, undecided: Undecided, early: Early, now: float) -> None:
        undecided.take(early.prediction, early.record)
        self._patience.arrived(early.prediction.llm, now - undecided.read_at, in_time=True)

    def _attempted(self, attempt: Attempt, record: Record, now: float) -> None:
        if attempt.event != "failed":
            self._finish(record)
            return
        undecided = again(attempt, record, now)
        if undecided.is_due(now):
            self._decide(undecided, now)
        else:
            self._postponed.append(undecided)

    def _decide(self, undecided: Undecided, now: float) -> None:
        """Pass it on or postpone it; a query that cannot even be looked at is buried, and the others go on."""
        try:
            with contained():
                self._end_or_choose(undecided, now)
        except UnforeseenError as error:
            self._leave(undecided, self._hand_over.buried(undecided, error))

    def _end_or_choose(self, undecided: Undecided, now: float) -> None:
        if undecided.is_out_of_attempts:
            self._leave(
                undecided, self._hand_over.ended(ending.out_of_attempts(undecided, self._decider.new_id(), now))
            )
        elif now >= undecided.deadline:
            self._leave(undecided, self._hand_over.ended(ending.out_of_time(undecided, self._decider.new_id(), now)))
        else:
            self._choose(undecided, now)

    def _choose(self, undecided: Undecided, now: float) -> None:
        began = perf_counter()
        decision = self._decider.decide(undecided, now)
        self._metrics.decide_seconds.observe(perf_counter() - began)
        if isinstance(decision, Dispatched):
            self._metrics.decisions.labels(decision.dispatch.llm).inc()
            self._leave(undecided, self._hand_over.dispatched(undecided, decision))
        elif undecided.excluded:
            shortest_s, longest_s = _BACKOFF_S
            backoff_s = min(longest_s, shortest_s * 2.0 ** min(undecided.attempt - 2, 10))
            self._postponed.append(undecided.without_exclusions(now + backoff_s))
        else:
            refused = ending.refused(undecided, decision, now)
            self._leave(undecided, self._hand_over.refused(undecided, decision, refused))

    def _leave(self, undecided: Undecided, leaving: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(self._pass_on(undecided, leaving))
        self._leaving.add(task)
        task.add_done_callback(self._left)

    async def _pass_on(self, undecided: Undecided, leaving: Coroutine[None, None, None]) -> None:
        try:
            await leaving
        except PermanentError as error:
            await self._hand_over.buried(undecided, error)
        for record in undecided.records:
            self._finish(record)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # The lane is the place that knows what to do with it.
            self._failure = task.exception()

    def _sweep(self, now: float) -> None:
        self._swept_at = now
        for orphan in self._pending.orphans(now, lambda partition: self._watermark(ACCEPTED.name, partition)):
            self._finish(orphan.record)
        self._pending.forget_old(now)
