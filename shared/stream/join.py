"""The join shape: several topics, each record finished when the handler says so; decision."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from shared.errors import PermanentError, TransientError
from shared.logs import get
from shared.metrics import Metrics
from shared.stream.clock import BrokerClock
from shared.stream.dead import Cemetery, no_refusal
from shared.stream.handlers import JoinHandler, Produce, Refuse, Watermark
from shared.stream.lane import LaneSettings
from shared.stream.membership import Membership
from shared.stream.offsets import Place
from shared.stream.records import Record
from shared.stream.retry import Retry, delays_s

_log = get(__name__)
_TICK_S = 0.015
_GATHER_S = 0.002
_MAX_RECORDS = 500
_DRAIN_S = 3.0
#: A drain in which nothing has ended for this long will not end by waiting.
_QUIET_S = 0.5


class JoinLane:
    """Hands records to a JoinHandler and ticks it; topics it wants paused are not asked for meanwhile."""

    def __init__(
        self,
        settings: LaneSettings,
        handler: JoinHandler,
        producer: Produce,
        metrics: Metrics,
        clock: BrokerClock,
        *,
        refuse: Refuse = no_refusal,
    ) -> None:
        self.name = settings.name
        self._handler = handler
        self._produce = producer
        self._metrics = metrics
        self._clock = clock
        self._cemetery = Cemetery(settings.instance, metrics, refuse)
        self._retry = Retry(metrics, longest_s=1.0)
        self._turn = asyncio.Lock()
        self._tick_delays = delays_s(0.05, 1.0)
        self._read_to: dict[Place, float] = {}
        self._member = Membership(settings, metrics, clock, self._drain)
        self.stop = self._member.stop
        self.ready = self._member.ready
        self.lag = self._member.lag
        self.progress_age_s = self._member.progress_age_s
        handler.bind(self._finish, self.watermark)

    async def run(self) -> None:
        try:
            await self._member.run(self._work)
        finally:
            self._forget(frozenset(self._read_to))

    def watermark(self, topic: str, partition: int) -> Watermark:
        place = (topic, partition)
        return Watermark(self._read_to.get(place), self._member.at_end(place))

    def _finish(self, record: Record) -> None:
        self._member.finish([record.position])

    async def _work(self) -> None:
        while True:
            paused = self._handler.wants_pause()
            places = frozenset(place for place in self._member.owned if place[0] not in paused)
            records = await self._member.take(places, _TICK_S, _MAX_RECORDS)
            for record in records:
                await self._take_in(record)
            async with self._turn:
                await self._tick()
            if records:
                # The rest of what is joined comes within milliseconds: read together it costs one wake, not one each.
                await asyncio.sleep(_GATHER_S)

    async def _take_in(self, record: Record) -> None:
        holds = partial(self._member.holds, record)
        try:
            async with self._turn:
                await self._receive(record, holds)
        except PermanentError as error:
            # Not in a turn: a drain would have to wait for the broker.
            await self._bury(record, error, holds)

    async def _receive(self, record: Record, holds: Callable[[], bool]) -> None:
        if not holds():
            return
        topic, partition, _ = record.position
        self._read_to[topic, partition] = record.appended_at
        with suppress(TransientError):
            await self._retry(topic, partial(self._handler.receive, record), holds)

    async def _bury(self, record: Record, error: PermanentError, holds: Callable[[], bool]) -> None:
        letters = self._cemetery.bury(record, error)
        with suppress(TransientError):
            await self._retry(record.position.topic, partial(self._produce, letters), holds)
            self._finish(record)

    async def _tick(self) -> None:
        try:
            await self._handler.tick(self._clock.now())
        except TransientError as error:
            delay_s = next(self._tick_delays)
            _log.warning("transient failure, waiting", lane=self.name, error=str(error), delay_s=round(delay_s, 3))
            self._metrics.retries.labels(self.name).inc()
            await asyncio.sleep(delay_s)
        else:
            self._tick_delays = delays_s(0.05, 1.0)

    async def _drain(self, owned: frozenset[Place]) -> None:
        """Tick until all is finished, or no more will be."""
        began = quiet_since = time.monotonic()
        async with self._turn:
            left = self._member.offsets.unfinished()
            while left and time.monotonic() < min(began + _DRAIN_S, quiet_since + _QUIET_S):
                await self._tick()
                await asyncio.sleep(_TICK_S)
                if self._member.offsets.unfinished() < left:
                    quiet_since = time.monotonic()
                left = self._member.offsets.unfinished()
            self._forget(owned)

    def _forget(self, places: frozenset[Place]) -> None:
        self._read_to = {}
        if places:
            self._handler.forget(frozenset(number for _, number in places))
