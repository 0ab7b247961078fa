"""The OpenAI-compatible endpoint of one LLM, by the official SDK with its own retries off."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx2
from openai import AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient, Omit

# Named here, or the SDK imports it within the first call, which blocks the loop for long.
from openai.resources.chat.completions import AsyncCompletions
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from services.executor.failures import CallFailedError, Failure
from shared.addresses import checked, is_allowed
from shared.messages import Llm, Query

#: Ours to say; a user's parameters pass through otherwise.
_OURS = frozenset({"model", "messages", "n", "stream", "stream_options"})
#: Connections beyond the slots: a call that was cut closes its own a moment later.
_SPARE = 2


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What every endpoint of this process is held to."""

    keys_dir: Path
    #: Base URLs must equal one of these or lie below it; empty allows all.
    allowed_base_urls: tuple[str, ...] = ()
    connect_s: float = 5.0
    first_token_s: float = 120.0
    #: Between two pieces.
    stall_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """One call."""

    #: The provider's id of the model.
    model: str
    query: Query
    #: Sent as X-Client-Request-Id, by which a provider can find the call: the decision's id.
    id: str


class Endpoint:
    """One HTTP client with a pool as large as the LLM's parallelism; the key is read for each call."""

    def __init__(self, llm: Llm, settings: EndpointSettings, tls: ssl.SSLContext) -> None:
        self.llm = llm
        self.settings = settings
        #: Why this address may not be called; None when it may.
        self.refusal = _refusal(llm.base_url, settings.allowed_base_urls)
        self._client = None if self.refusal is not None else self._open_client(tls)
        self._calls = 0

    def serves(self, llm: Llm) -> bool:
        """Whether this client still fits a descriptor that changed."""
        return (llm.base_url, llm.api_key_file, llm.parallelism) == (
            self.llm.base_url,
            self.llm.api_key_file,
            self.llm.parallelism,
        )

    async def open(self, request: Request) -> AsyncStream[ChatCompletionChunk]:
        """Begin to stream an answer; raises what the SDK raises."""
        if self._client is None:
            raise CallFailedError(self.refusal or _no_address("the LLM has no address"))
        completions: AsyncCompletions = self._client.chat.completions
        headers: dict[str, str | Omit] = {"X-Client-Request-Id": request.id}
        if self.llm.api_key_file is None:
            # The SDK would look for a key elsewhere, and fail without one.
            headers["Authorization"] = Omit()
        return await completions.create(
            model=request.model,
            messages=_messages(request.query),
            stream=True,
            stream_options={"include_usage": True},
            extra_headers=headers,
            extra_body={name: value for name, value in request.query.parameters.items() if name not in _OURS},
        )

    @property
    def is_idle(self) -> bool:
        return self._calls == 0

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keeps its client from being closed as idle."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _open_client(self, tls: ssl.SSLContext) -> AsyncOpenAI:
        settings, connections = self.settings, self.llm.parallelism + _SPARE
        return AsyncOpenAI(
            api_key=self._read_key,
            base_url=self.llm.base_url,
            max_retries=0,
            timeout=httpx2.Timeout(
                max(settings.first_token_s, settings.stall_s), connect=settings.connect_s, pool=settings.connect_s
            ),
            http_client=DefaultAsyncHttpxClient(
                verify=tls,
                follow_redirects=False,
                limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            ),
        )

    async def _read_key(self) -> str:
        """The key, or nothing where the LLM needs none: then no authorization is sent."""
        name = self.llm.api_key_file
        if name is None:
            return ""
        if Path(name).name != name:
            raise CallFailedError(Failure("auth", "the key is named by a path, expected a file name"))
        try:
            key = (await asyncio.to_thread((self.settings.keys_dir / name).read_text)).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CallFailedError(Failure("auth", "the key file is not readable in POINTSMAN_KEYS_DIR")) from error
        if not re.fullmatch(r"[\x21-\x7e]+", key):
            raise CallFailedError(Failure("auth", "the key file does not hold one printable word"))
        return key


def _messages(query: Query) -> list[ChatCompletionMessageParam]:
    if query.messages is None:
        return [{"role": "user", "content": query.prompt or ""}]
    return cast(list[ChatCompletionMessageParam], [turn.model_dump(exclude_unset=True) for turn in query.messages])


def _refusal(base_url: str, allowed: tuple[str, ...]) -> Failure | None:
    try:
        checked(base_url)
    except ValueError as error:
        return _no_address(f"the LLM's base URL cannot be called: {error}")
    if is_allowed(base_url, allowed):
        return None
    return _no_address("the LLM's base URL is not among POINTSMAN_ALLOWED_BASE_URLS")


def _no_address(why: str) -> Failure:
    return Failure("address", why)
