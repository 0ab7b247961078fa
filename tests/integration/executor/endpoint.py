"""A small OpenAI-compatible server; the first word of a prompt says how it behaves."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Behave = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = "sk-test"


def piece(text: str | None = None, finish: str | None = None, **delta: object) -> dict[str, object]:
    content = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": content | delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


def usage(prompt: int, response: int) -> dict[str, object]:
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [],
        "usage": {"prompt_tokens": prompt, "completion_tokens": response, "total_tokens": prompt + response},
    }


ANSWER: tuple[object, ...] = (piece(role="assistant"), piece("Four"), piece("."), piece(finish="stop"), usage(7, 2))


class FakeEndpoint:
    """Counts calls by prompt, and keeps the last body and headers it was sent."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.body: dict[str, object] = {}
        self.authorization: str | None = None
        self.request_id: str | None = None
        #: Set it to let `hold` answer.
        self.released = asyncio.Event()
        self.base_url = ""

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.body = json.loads(await request.read())
        self.authorization = request.headers.get("Authorization")
        self.request_id = request.headers.get("X-Client-Request-Id")
        prompt = self.body["messages"][-1]["content"]  # type: ignore[index]
        self.calls[prompt] += 1
        return await getattr(self, f"_{prompt.split()[0]}")(request, prompt)

    @property
    def total(self) -> int:
        return self.calls.total()

    async def _answer(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, *ANSWER)

    async def _slowly(self, request: web.Request, _: str) -> web.StreamResponse:
        response = await begin(request)
        for number in range(5):
            await send(response, piece(f"{number} "))
            await asyncio.sleep(0.05)
        await send(response, piece(finish="stop"))
        return response

    async def _hold(self, request: web.Request, _: str) -> web.StreamResponse:
        await self.released.wait()
        return await stream(request, *ANSWER)

    async def _silent(self, request: web.Request, _: str) -> web.StreamResponse:
        await asyncio.sleep(3600)
        return web.Response()

    async def _stall(self, request: web.Request, _: str) -> web.StreamResponse:
        response = await begin(request)
        await send(response, piece("Fo"))
        await asyncio.sleep(3600)
        return response

    async def _tools(self, request: web.Request, _: str) -> web.StreamResponse:
        first = {"index": 0, "id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a": '}}
        second = {"index": 0, "function": {"arguments": "1}"}}
        return await stream(request, piece(tool_calls=[first]), piece(tool_calls=[second]), piece(finish="tool_calls"))

    async def _key(self, request: web.Request, _: str) -> web.StreamResponse:
        if self.authorization != f"Bearer {KEY}":
            return error(401, "invalid_api_key", f"Incorrect API key provided: {self.authorization}")
        return await stream(request, *ANSWER)

    async def _unreported(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, *ANSWER[:-1])

    async def _busy(self, request: web.Request, prompt: str) -> web.StreamResponse:
        """429 at first, with a retry-after that is short."""
        if self.calls[prompt] == 1:
            return error(429, "rate_limit_exceeded", "slow down", {"retry-after-ms": "50"})
        return await stream(request, *ANSWER)

    async def _status(self, request: web.Request, prompt: str) -> web.StreamResponse:
        """`status 503 code` answers with that status and code."""
        _, status, *code = prompt.split()
        return error(int(status), code[0] if code else "", "no")

    async def _html(self, request: web.Request, _: str) -> web.StreamResponse:
        return web.Response(text="<html>Welcome</html>", content_type="text/html")

    async def _json(self, request: web.Request, _: str) -> web.StreamResponse:
        return web.json_response({"hello": "world"})

    async def _empty(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request)

    async def _choiceless(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, {"id": "c", "choices": None}, usage(1, 1))

    async def _noise(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, b"data: {not json\n\n")

    async def _list(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, [1, 2], {"choices": 7})

    async def _half(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, piece("Fo"))

    async def _cut(self, request: web.Request, _: str) -> web.StreamResponse:
        response = await begin(request)
        await send(response, piece("Fo"))
        assert request.transport is not None
        request.transport.abort()
        return response

    async def _event(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, piece("Fo"), {"error": {"message": "out of memory", "code": "500"}})

    async def _filtered(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, piece("Fo"), piece(finish="content_filter"))

    async def _surrogates(self, request: web.Request, _: str) -> web.StreamResponse:
        return await stream(request, piece("\ud83d"), piece("\ude00 \ud83d"), piece(finish="stop"))

    async def _endless(self, request: web.Request, _: str) -> web.StreamResponse:
        response = await begin(request)
        while True:
            await send(response, piece("x" * 10_000))


async def begin(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    return response


async def send(response: web.StreamResponse, event: object) -> None:
    data = event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode() + b"\n\n"
    await response.write(data)


async def stream(request: web.Request, *events: object) -> web.StreamResponse:
    response = await begin(request)
    for event in events:
        await send(response, event)
    await send(response, b"data: [DONE]\n\n")
    return response


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(
        {"error": {"message": message, "code": code, "type": "error"}}, status=status, headers=headers
    )


@asynccontextmanager
async def running() -> AsyncIterator[FakeEndpoint]:
    endpoint = FakeEndpoint()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.complete)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    endpoint.base_url = f"http://{host}:{port}/v1"
    try:
        yield endpoint
    finally:
        endpoint.released.set()
        await runner.cleanup()
