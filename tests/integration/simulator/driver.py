"""What the tests do with a simulator: ask it as a client does, disturb it, and read its books."""

from collections.abc import Callable
from typing import Self

import aiohttp
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

LLM = "plover-mini"


class Driver:
    """Client and control of one simulator."""

    def __init__(self, base_url: str) -> None:
        self.client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=20)
        self._control = base_url.removesuffix("/v1") + "/control"
        self._http = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        await self.client.close()

    async def ask(self, prompt: str, llm: str = LLM, **options: object) -> ChatCompletion:
        messages = [{"role": "user", "content": prompt}]
        completion: ChatCompletion = await self.client.chat.completions.create(model=llm, messages=messages, **options)  # type: ignore[call-overload]
        return completion

    async def stream(self, prompt: str, **options: object) -> list[ChatCompletionChunk]:
        chunks: list[ChatCompletionChunk] = []
        await self.listen(prompt, chunks.append, **options)
        return chunks

    async def listen(self, prompt: str, hear: Callable[[ChatCompletionChunk], None], **options: object) -> None:
        messages = [{"role": "user", "content": prompt}]
        chunks = await self.client.chat.completions.create(model=LLM, messages=messages, stream=True, **options)  # type: ignore[call-overload]
        async for chunk in chunks:
            hear(chunk)

    async def behave(self, llm: str = LLM, **change: object) -> dict[str, object]:
        async with self._http.put(f"{self._control}/llms/{llm}", json=change) as reply:
            reply.raise_for_status()
            return await reply.json()

    async def books(self, llm: str = LLM, **query: str) -> dict[str, object]:
        async with self._http.get(f"{self._control}/calls", params={"llm": llm, **query}) as reply:
            reply.raise_for_status()
            return (await reply.json())["llms"][llm]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
