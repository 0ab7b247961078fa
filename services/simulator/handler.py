"""`/v1`: chat completions and the list of models."""

import asyncio

from aiohttp import web
from pydantic import JsonValue, ValidationError

from services.simulator.answers import Answer, Answers, prompt_hash
from services.simulator.calls import Calls
from services.simulator.delivery import Delivery
from services.simulator.faults import Fault
from services.simulator.llm import Llm
from services.simulator.wire import ApiError, ChatRequest
from shared.messages.message import describe


class Chat:
    """The provider's side of the API, for all LLMs."""

    def __init__(self, llms: dict[str, Llm], answers: Answers, calls: Calls) -> None:
        self._llms = llms
        self._answers = answers
        self._calls = calls

    async def models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        data: list[JsonValue] = [
            {"id": name, "object": "model", "created": 0, "owned_by": "simulator"} for name in self._llms
        ]
        return web.json_response({"object": "list", "data": data})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        try:
            asked = _decode(await request.read())
            llm = self._llm(asked.model)
            answer, fault = self._begin(llm, asked)
        except ApiError as error:
            return web.json_response(error.body(), status=error.status, headers=error.headers)
        user = asked.user or request.headers.get("x-client-request-id")
        async with llm.slots.slot():
            with self._calls.paid_call(asked.model, prompt_hash(asked.prompt), user) as call:
                if fault is Fault.SILENCE:
                    await asyncio.Event().wait()
                return await Delivery(request, call, llm.behaviour, answer, fault).send(asked)

    def _llm(self, model: str) -> Llm:
        if model not in self._llms:
            message = f"The model `{model}` does not exist; there are {', '.join(self._llms)}."
            raise ApiError(404, "invalid_request_error", "model_not_found", message)
        return self._llms[model]

    def _begin(self, llm: Llm, asked: ChatRequest) -> tuple[Answer, Fault | None]:
        """What the LLM is going to say and what goes wrong meanwhile; raises ApiError where it refuses."""
        try:
            fault = llm.draw_fault()
            answer = self._answers.answer(llm.profile, asked.prompt)
            llm.check_context(answer.prompt_tokens)
        except ApiError as error:
            self._calls.refused[asked.model, error.code] += 1
            raise
        return answer.cut(asked.limit), fault


def _decode(body: bytes) -> ChatRequest:
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise ApiError(400, "invalid_request_error", "invalid_request", describe(error, "the body")) from error
