"""`/control`: see and change how the LLMs behave while they run, and count what they were paid for.

GET  /control/llms          every LLM's behaviour, by name
PUT  /control/llms          change all LLMs; fields that are left out stay, `faults` is replaced as a whole
GET  /control/llms/{name}   one LLM's behaviour
PUT  /control/llms/{name}   change one LLM; answers with the new behaviour
GET  /control/calls         by LLM: paid and refused calls, those in the queue, and the latest calls
                            (`?llm=` and `?user=` keep only those)
"""

from dataclasses import asdict

from aiohttp import web
from pydantic import JsonValue, TypeAdapter, ValidationError

from services.simulator.calls import Calls
from services.simulator.faults import Behaviour
from services.simulator.llm import Llm
from shared.messages.message import describe

_change: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Control:
    """The test's side of the simulator."""

    def __init__(self, llms: dict[str, Llm], calls: Calls) -> None:
        self._llms = llms
        self._calls = calls

    async def all_llms(self, _: web.Request) -> web.Response:
        return web.json_response({name: _show(llm) for name, llm in self._llms.items()})

    async def one_llm(self, request: web.Request) -> web.Response:
        return web.json_response(_show(self._named(request)))

    async def change_all(self, request: web.Request) -> web.Response:
        change = await _read(request)
        _behave([(llm, _changed(llm, change)) for llm in self._llms.values()])
        return await self.all_llms(request)

    async def change_one(self, request: web.Request) -> web.Response:
        llm = self._named(request)
        _behave([(llm, _changed(llm, await _read(request)))])
        return web.json_response(_show(llm))

    async def calls(self, request: web.Request) -> web.Response:
        wanted = request.query.get("llm")
        user = request.query.get("user")
        shown = [name for name in self._llms if wanted in (None, name)]
        return web.json_response({"llms": {name: self._counts(name, user) for name in shown}})

    def _counts(self, name: str, user: str | None) -> dict[str, JsonValue]:
        slots = self._llms[name].slots
        kept = [asdict(call) for call in self._calls.latest(name) if user in (None, call.user)]
        refused = {code: count for (llm, code), count in self._calls.refused.items() if llm == name}
        return {
            "paid": self._calls.paid[name],
            "refused": dict(refused),
            "running": slots.running,
            "waiting": slots.waiting,
            "calls": list(kept),
        }

    def _named(self, request: web.Request) -> Llm:
        name = request.match_info["name"]
        if name not in self._llms:
            raise web.HTTPNotFound(text=f"expected one of {', '.join(self._llms)}, got {name}")
        return self._llms[name]


def _show(llm: Llm) -> JsonValue:
    shown: JsonValue = llm.behaviour.model_dump(mode="json")
    return shown


async def _read(request: web.Request) -> dict[str, JsonValue]:
    try:
        return _change.validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest(text="expected a JSON object of behaviour fields") from error


def _changed(llm: Llm, change: dict[str, JsonValue]) -> Behaviour:
    try:
        return Behaviour.model_validate(llm.behaviour.model_dump() | change)
    except ValidationError as error:
        raise web.HTTPBadRequest(text=describe(error, "behaviour")) from error


def _behave(changes: list[tuple[Llm, Behaviour]]) -> None:
    """Apply changes that were all found valid."""
    for llm, behaviour in changes:
        llm.behave(behaviour)
