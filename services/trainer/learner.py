"""The learner: heads fitted again from what users said, judged, and made live."""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from services.trainer.fitting.card import Candidate
from services.trainer.fitting.order import Order
from services.trainer.news import LastFit, Schedule, last_fit, order_of
from shared.announcement import announcement
from shared.database.engine import Database
from shared.database.labels import count_labels
from shared.database.locks import try_lock
from shared.database.registry import enter_model, llms, models
from shared.errors import PermanentError, TransientError
from shared.logs import get
from shared.messages import Model
from shared.metrics import Metrics
from shared.stream.handlers import Produce
from shared.stream.retry import delays_s

#: Fits and stores a head; see fitter.py.
Fit = Callable[[Order], Awaitable[Candidate]]
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 3600.0
_log = get(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """A head to fit, and the newest feedback that calls for it."""

    order: Order
    newest: float | None


@dataclass(slots=True)
class _Pause:
    """Rest after failures of one LLM's fits, longer each time."""

    delays: Iterator[float] = field(default_factory=lambda: delays_s(_FIRST_PAUSE_S, _LONGEST_PAUSE_S))
    over_at: float = 0.0


class Learner:
    """Fits one head at a time. Of several trainers one does: its lock and the new version are one transaction, so that
    whoever loses its connection to Postgres registers nothing.
    """

    def __init__(self, database: Database, produce: Produce, fit: Fit, schedule: Schedule, metrics: Metrics) -> None:
        self._database = database
        self._produce = produce
        self._fit = fit
        self._schedule = schedule
        self._metrics = metrics
        self._began = time.time()
        #: Fits that made no version, by LLM and encoder: the registry does not know of them.
        self._fruitless: dict[tuple[str, str], LastFit] = {}
        self._pauses: dict[str, _Pause] = {}

    async def learn(self) -> None:
        """Fit every head that is due; nothing while another trainer does, or before an encoder is live."""
        async with self._database.session() as session:
            names = [llm.name for llm in await llms(session) if not llm.removed]
        for llm in names:
            if llm in self._pauses and time.time() < self._pauses[llm].over_at:
                continue
            live = await self._learn(llm)
            if live is not None:
                await self._produce([announcement(live)])

    async def _learn(self, llm: str) -> Model | None:
        """The LLM's new head, live in Postgres; None when there is none."""
        async with self._database.session() as session:
            if not await try_lock(session, "learn"):
                return None
            due = await self._due(llm)
            candidate = None if due is None else await self._made(due)
            if due is None or candidate is None or await self._overtaken(due.order, candidate):
                return None
            card = candidate.card.model_dump(mode="json")
            live = await enter_model(session, candidate.model, card, candidate.rejected)
            await session.commit()
        self._tell(candidate)
        return live

    async def _due(self, llm: str) -> _Due | None:
        """What to fit; None when there are too few news, or no encoder."""
        async with self._database.long_session() as session:
            versions = await models(session)
            order = order_of(versions, llm)
            if order is None:
                return None
            last = last_fit(versions, order, self._began)
            fruitless = self._fruitless.get((llm, order.encoder))
            if fruitless is not None:
                last = last.or_later(fruitless)
            count = await count_labels(session, llm, order.encoder, last.until)
        self._metrics.news.labels(llm).set(count.rows)
        self._metrics.left_out_rows.labels(llm).set(count.left_out)
        return _Due(order, count.newest) if last.due(count.rows, time.time(), self._schedule) else None

    async def _made(self, due: _Due) -> Candidate | None:
        """The stored head; None when the rows make none, until there are more, or when the fitting failed, for now."""
        llm, began = due.order.llm, time.monotonic()
        _log.info("fitting a head", llm=llm, encoder=due.order.encoder)
        try:
            candidate = await self._fit(due.order)
        except PermanentError as error:
            self._fruitless[llm, due.order.encoder] = LastFit(due.newest, time.time())
            self._metrics.fits.labels(llm, "refused").inc()
            _log.warning("these rows make no head, waiting for more", llm=llm, reason=str(error))
            return None
        except TransientError as error:
            pause = self._pauses.setdefault(llm, _Pause())
            pause.over_at = time.time() + next(pause.delays)
            self._metrics.fits.labels(llm, "failed").inc()
            _log.error("fitting failed, will be tried again", llm=llm, error=str(error))
            return None
        finally:
            self._metrics.fit_seconds.labels(llm).observe(time.monotonic() - began)
        self._pauses.pop(llm, None)
        return candidate

    async def _overtaken(self, order: Order, candidate: Candidate) -> bool:
        """Whether the registry changed meanwhile so that the head is judged by nothing, or for nobody."""
        async with self._database.session() as session:
            versions = await models(session)
            removed = any(llm.removed for llm in await llms(session) if llm.name == order.llm)
        known = any((one.model.llm, one.model.version) == (order.llm, candidate.model.version) for one in versions)
        now = order_of(versions, order.llm)
        changed = now is None or (now.encoder, now.live) != (order.encoder, order.live)
        if not (removed or known or changed):
            return False
        reason = "the LLM was removed" if removed else "it is known already" if known else "another head went live"
        if known:
            self._fruitless[order.llm, order.encoder] = LastFit(candidate.card.log_until, time.time())
        _log.warning("dropped a fitted head", llm=order.llm, version=candidate.model.version, reason=reason)
        return True

    def _tell(self, candidate: Candidate) -> None:
        llm, card = candidate.model.llm, candidate.card
        outcome = "live" if candidate.rejected is None else "rejected"
        self._metrics.fits.labels(llm, outcome).inc()
        self._metrics.news.labels(llm).set(0)
        _log.info(
            "judged a head",
            llm=llm,
            version=card.version,
            outcome=outcome,
            reason=candidate.rejected,
            rows=card.training_rows,
            log_rows=card.log_rows,
            squared_error=card.quality.squared_error,
            constant_squared_error=card.quality.constant_squared_error,
        )
