"""One lane per LLM: opened when the LLM is announced, closed when it was removed and its queue is empty."""

import ssl
from collections import Counter

from services.executor.circuit import Circuit
from services.executor.endpoint import Endpoint
from services.executor.handler import DispatchHandler
from services.executor.ledger import Ledger
from services.executor.roster import Roster
from services.executor.serving import Serving, Shared
from services.executor.settings import ExecutorSettings
from shared.errors import PermanentError
from shared.logs import get
from shared.messages import Dispatch, Llm
from shared.stream.admin import lag
from shared.stream.clock import BrokerClock
from shared.stream.concurrent import ConcurrentLane
from shared.stream.containment import contained
from shared.stream.lane import LaneSettings, member_id
from shared.stream.records import Record
from shared.stream.supervisor import Supervisor
from shared.stream.unserved import Unserved
from shared.topics import dispatch

_log = get(__name__)
#: A removed LLM's queue must be empty at so many looks in a row: decision may not have heard of the removal yet.
_EMPTY_LOOKS = 2


class Lanes:
    """Keeps `servings` and the supervisor's lanes as the roster says."""

    def __init__(
        self, settings: ExecutorSettings, roster: Roster, shared: Shared, supervisor: Supervisor, clock: BrokerClock
    ) -> None:
        self._settings = settings
        self._roster = roster
        self._shared = shared
        self._supervisor = supervisor
        self._clock = clock
        self._tls = ssl.create_default_context()
        self._empty_looks: Counter[str] = Counter()
        #: Of descriptors that changed: closed when no call in flight uses them any more.
        self._retired: list[Endpoint] = []
        self.servings: dict[str, Serving] = {}

    async def tend(self) -> None:
        """Open a lane for each new LLM; tell the others what changed. One that cannot be served stops no other."""
        for llm in self._roster.llms():
            try:
                with contained():
                    self._tend(llm)
            except PermanentError as error:
                _log.error("this LLM cannot be served", llm=llm.name, revision=llm.revision, error=str(error))
        await self._close_idle()

    async def tend_removed(self) -> None:
        """A removed LLM has a lane for as long as something waits in its queue."""
        for llm in self._roster.llms():
            if not llm.removed:
                self._empty_looks.pop(llm.name, None)
            elif await self._waiting(llm):
                self._empty_looks[llm.name] = 0
                if llm.name not in self.servings:
                    self._open(llm)
            elif llm.name in self.servings:
                await self._close_when_empty(llm)

    async def close(self) -> None:
        """Close the clients."""
        for endpoint in [*self._retired, *(serving.endpoint for serving in self.servings.values())]:
            await endpoint.close()

    async def _close_idle(self) -> None:
        idle = [endpoint for endpoint in self._retired if endpoint.is_idle]
        self._retired = [endpoint for endpoint in self._retired if not endpoint.is_idle]
        for endpoint in idle:
            await endpoint.close()

    def _tend(self, llm: Llm) -> None:
        serving = self.servings.get(llm.name)
        if serving is None and not llm.removed:
            self._open(llm)
        elif serving is not None and serving.llm != llm:
            self._update(serving, llm)

    def _open(self, llm: Llm) -> None:
        serving = Serving(
            llm=llm,
            endpoint=Endpoint(llm, self._settings.endpoint, self._tls),
            circuit=Circuit(self._settings.circuit),
            ledger=Ledger(self._shared.clock),
        )
        handler = DispatchHandler(self._shared, serving)
        self.servings[llm.name] = serving
        self._shared.metrics.expect_llm(llm.name)
        self._supervisor.start(_name(llm), lambda: self._build(serving, handler))
        _log.info("lane opened", llm=llm.name, removed=llm.removed)

    def _build(self, serving: Serving, handler: DispatchHandler) -> ConcurrentLane[Dispatch]:
        lane = ConcurrentLane(
            self._lane_settings(serving.llm),
            _decode,
            handler,
            self._shared.produce,
            self._shared.metrics,
            self._clock,
            slots=serving.slots,
            calls=serving.calls,
            refuse=Unserved(self._shared.home_partitions, self._shared.clock),
            lesser_topics=(_queues(serving.llm)[1],),
            drain_s=self._settings.drain_s,
        )
        serving.partitions = lane.partitions
        return lane

    def _lane_settings(self, llm: Llm) -> LaneSettings:
        settings = self._settings
        return LaneSettings(
            name=_name(llm),
            kafka=settings.kafka,
            group=_name(llm),
            topics=(_queues(llm)[0],),
            instance=member_id(llm.name, settings.instance),
            static=settings.static_membership,
        )

    def _update(self, serving: Serving, llm: Llm) -> None:
        if not serving.endpoint.serves(llm):
            self._retired.append(serving.endpoint)
            serving.endpoint = Endpoint(llm, self._settings.endpoint, self._tls)
        serving.llm, serving.ledger.changed = llm, True
        _log.info("descriptor changed", llm=llm.name, revision=llm.revision, removed=llm.removed)

    async def _waiting(self, llm: Llm) -> bool:
        return any((await lag(self._settings.kafka, _name(llm), _queues(llm))).values())

    async def _close_when_empty(self, llm: Llm) -> None:
        self._empty_looks[llm.name] += 1
        if self._empty_looks[llm.name] < _EMPTY_LOOKS:
            return
        await self._supervisor.stop(_name(llm))
        self._retired.append(self.servings.pop(llm.name).endpoint)
        _log.info("lane closed, the removed LLM's queue is empty", llm=llm.name)


def _name(llm: Llm) -> str:
    return f"executor.{llm.name}"


def _queues(llm: Llm) -> tuple[str, str]:
    """The LLM's queue, and the one that is read while nothing waits in it."""
    return dispatch(llm.name, llm.parallelism).name, dispatch(llm.name, llm.parallelism, batch=True).name


def _decode(record: Record) -> Dispatch:
    return Dispatch.decode(record.value)
