"""One call of an LLM, always streamed, so that first token, stall and garbage are seen as they happen."""

import asyncio
from collections.abc import Callable

import openai
from openai import AsyncStream
from openai.types.chat import ChatCompletionChunk

from services.executor.endpoint import Endpoint, EndpointSettings, Request
from services.executor.failures import CallFailedError, of_error
from services.executor.pieces import Answer, Reading, garbage

#: After the finish reason only the usage is to come.
_USAGE_S = 2.0


async def ask(
    endpoint: Endpoint, request: Request, reading: Reading, write: Callable[[str], None], wall: float
) -> Answer:
    """The LLM's whole answer, gathered in `reading`; each piece of text is handed to `write` as it comes.

    `wall`, seconds since the epoch, dates a provider's retry-after. Raises CallFailedError.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        with endpoint.in_use():
            async with asyncio.timeout_at(began + endpoint.settings.first_token_s):
                stream = await endpoint.open(request)
            async with stream:
                spoke = await _read(stream, reading, write, began, endpoint.settings)
    except (openai.OpenAIError, TimeoutError) as error:
        raise CallFailedError(of_error(error, wall)) from error
    return reading.answer(None if spoke is None else spoke - began, clock() - began)


async def _read(
    stream: AsyncStream[ChatCompletionChunk],
    reading: Reading,
    write: Callable[[str], None],
    began: float,
    settings: EndpointSettings,
) -> float | None:
    """Gather the stream to its end; when it first spoke, on the loop's clock."""
    spoke: float | None = None
    try:
        while (chunk := await _next(stream, reading, began, settings)) is not None:
            write(reading.add(chunk))
            if spoke is None and reading.spoken:
                spoke = asyncio.get_running_loop().time()
    except (openai.OpenAIError, TimeoutError):
        # What breaks after its finish reason was whole.
        if reading.finish_reason is None:
            raise
    except (AttributeError, TypeError, ValueError) as error:
        # The SDK trips over events that are not JSON, or not what it expects.
        raise garbage(f"an event that is no chunk ({type(error).__name__})") from error
    return spoke


async def _next(
    stream: AsyncStream[ChatCompletionChunk], reading: Reading, began: float, settings: EndpointSettings
) -> ChatCompletionChunk | None:
    """The next chunk, or None at the end; raises TimeoutError when it does not come in time."""
    now = asyncio.get_running_loop().time()
    if reading.finish_reason is not None:
        limit = now + _USAGE_S
    elif reading.spoken:
        limit = now + settings.stall_s
    else:
        limit = began + settings.first_token_s
    async with asyncio.timeout_at(limit):
        try:
            return await anext(stream)
        except StopAsyncIteration:
            return None
