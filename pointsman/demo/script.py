"""The play: queries at a calm pace, a burst, an LLM that joins, one that stalls and recovers."""

import asyncio
from itertools import islice
from random import Random

from pointsman.client import Client
from pointsman.demo.disturbing import busiest, join, recover, stall
from pointsman.demo.material import Material
from pointsman.demo.record import Record, Sent
from pointsman.demo.stage import Stage
from pointsman.demo.story import Happening, Kind, Phase
from pointsman.local.state import Endpoints, State
from shared.errors import TransientError, UnansweredError
from shared.messages import Response

#: Shares of the queries: before the burst, in it, after it, with one more LLM, with one that is silent; the rest after.
_CALM, _BURST, _AFTER, _JOINED, _STALLED = 0.12, 0.28, 0.08, 0.2, 0.2
_SOURCE = "demo"
_SAID: dict[Kind, str] = {
    "burst_began": "a burst of queries begins",
    "burst_ended": "the burst is over",
    "joined": "{llm} has joined",
    "stalled": "{llm} stalls",
    "recovered": "{llm} has recovered",
}


class Script:
    """Sends a material's queries to a ready fleet, and disturbs it meanwhile."""

    def __init__(self, material: Material, client: Client, fleet: Endpoints, state: State, stage: Stage) -> None:
        self.record = Record()
        self._material = material
        self._client = client
        self._fleet = fleet
        self._state = state
        self._stage = stage
        self._random = Random(0)
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._phase: Phase = "calm"
        self._numbers = iter(range(len(material.asked)))
        self._open: asyncio.TaskGroup

    def now_s(self) -> float:
        """Seconds since the first query."""
        return self._loop.time() - self._began

    async def play(self) -> Record:
        """All acts; returns when every query has ended. Raises what fails first."""
        try:
            async with asyncio.TaskGroup() as self._open:
                await self._acts()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return self.record

    async def _acts(self) -> None:
        self._began = self._loop.time()
        await self._send(_CALM)
        await self._burst()
        joined = await self._join()
        await self._stall(but=joined)
        await self._send(1.0)

    async def _burst(self) -> None:
        self._note("burst_began", "burst")
        await self._send(_BURST, self._material.pace.burst)
        self._note("burst_ended", "calm")

    async def _join(self) -> str | None:
        """The name of who joined, if somebody did; queries go on meanwhile."""
        descriptor = self._material.joining
        if descriptor is None:
            await self._send(_AFTER + _JOINED)
            return None
        joining = self._open.create_task(join(self._fleet, self._state, descriptor))
        await self._send(_AFTER)
        llm = await joining
        self._note("joined", "joined", llm)
        await self._send(_JOINED)
        return llm

    async def _stall(self, but: str | None) -> None:
        """The busiest LLM falls silent for a while; not without a simulator, which real LLMs are."""
        simulator, llm = self._fleet.simulator, busiest(self.record.sent, but)
        if simulator is None or llm is None:
            await self._send(_STALLED)
            return
        await stall(simulator, llm)
        self._note("stalled", "stalled", llm)
        await self._send(_STALLED)
        await recover(simulator, llm)
        self._note("recovered", "recovered", llm)

    async def _send(self, share: float, per_s: float | None = None) -> None:
        """Send the next queries, up to `share` of all, at random gaps; 1.0 sends all that are left."""
        count = round(share * len(self._material.asked))
        pace = per_s or self._material.pace.calm
        for number in islice(self._numbers, count):
            self._open.create_task(self._ask(number))
            await asyncio.sleep(self._random.expovariate(pace))

    async def _ask(self, number: int) -> None:
        """Ask, grade the answer, and say what it was worth."""
        phase, sent_s = self._phase, self.now_s()
        response = await self._response(self._material.asked[number].prompt)
        ended_s, quality = self.now_s(), None
        if response is not None and response.status == "answered":
            quality = self._material.grade(number, response)
            await self._client.feedback(response.query_id, quality=quality, source=_SOURCE)
        self.record.sent.append(Sent(number, phase, sent_s, response, ended_s, quality))
        self._stage.show("Routing queries", len(self.record.sent), len(self._material.asked))

    async def _response(self, prompt: str) -> Response | None:
        try:
            return await self._client.ask(prompt)
        except (UnansweredError, TransientError):
            return None

    def _note(self, kind: Kind, phase: Phase, llm: str | None = None) -> None:
        self._phase = phase
        self.record.happenings.append(Happening(at_s=self.now_s(), kind=kind, llm=llm))
        self._stage.note(f"  {_SAID[kind].format(llm=llm)}")
