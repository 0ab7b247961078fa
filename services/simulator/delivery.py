"""An answer on its way to the client, whole or streamed, with what goes wrong on the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from services.simulator.answers import Answer
from services.simulator.calls import Call
from services.simulator.faults import Behaviour, Fault
from services.simulator.speech import speak
from services.simulator.wire import ChatRequest, completion, last_chunk, text_chunk, usage_chunk

_PAGE = "<html><body><h1>Welcome to the proxy</h1></body></html>"
_GARBAGE = '{"id": "chatcmpl-1", "choices": [{"ind'


@dataclass(frozen=True, slots=True)
class Delivery:
    """One paid call: what is to be said, how fast, and the fault that meets it."""

    request: web.Request
    call: Call
    behaviour: Behaviour
    answer: Answer
    fault: Fault | None

    async def send(self, asked: ChatRequest) -> web.StreamResponse:
        """Send the answer as it was asked for; returns when the last byte is written."""
        if self.fault is Fault.HTML:
            response = await self._open("text/html")
            await response.write(_PAGE.encode())
        elif asked.stream:
            response = await self._stream(asked)
        else:
            response = await self._whole()
        if self.fault is Fault.HALF_STREAM:
            _hang_up(self.request)
            return response
        await response.write_eof()
        self.call.completed = self.fault in (None, Fault.STALL)
        return response

    async def _whole(self) -> web.StreamResponse:
        await asyncio.sleep(self.behaviour.duration_s(self.answer.response_tokens))
        if self.fault is Fault.STALL:
            await asyncio.sleep(self.behaviour.stall_s)
        body = json.dumps(completion(self.call.id, self.call.llm, self.answer)).encode()
        if self.fault is Fault.GARBAGE:
            body = _GARBAGE.encode()
        response = await self._open("application/json", len(body))
        await response.write(body[: len(body) // 2] if self.fault is Fault.HALF_STREAM else body)
        return response

    async def _stream(self, asked: ChatRequest) -> web.StreamResponse:
        response = await self._open("text/event-stream")
        async for piece in self._pieces():
            await response.write(text_chunk(self.call.id, self.call.llm, piece))
        if self.fault is Fault.GARBAGE:
            await response.write(f"data: {_GARBAGE}\n\n".encode())
        elif self.fault is not Fault.HALF_STREAM:
            await response.write(last_chunk(self.call.id, self.call.llm, self.answer.finish_reason))
            if asked.wants_usage:
                await response.write(usage_chunk(self.call.id, self.call.llm, self.answer))
            await response.write(b"data: [DONE]\n\n")
        return response

    async def _pieces(self) -> AsyncIterator[str]:
        """The answer's text at the LLM's speed, up to and over the fault that lies halfway."""
        said = 0
        halfway = self.fault is not None
        async for piece in speak(self.answer, self.behaviour):
            yield piece
            said += len(piece)
            if halfway and 2 * said >= len(self.answer.text):
                halfway = False
                if self.fault is not Fault.STALL:
                    return
                await asyncio.sleep(self.behaviour.stall_s)

    async def _open(self, content_type: str, length: int | None = None) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        response.content_length = length
        await response.prepare(self.request)
        return response


def _hang_up(request: web.Request) -> None:
    """Close the connection in the middle of a response, as a provider that crashes does."""
    if request.transport is not None:
        request.transport.close()
