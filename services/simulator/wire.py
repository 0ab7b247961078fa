"""OpenAI's chat API as JSON: the request, the answer whole and in chunks, and errors."""

import json
from time import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.simulator.answers import Answer


class ApiError(Exception):
    """An error the provider answers with; `kind` and `code` are OpenAI's words for it."""

    def __init__(self, status: int, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, JsonValue]:
        return {"error": {"message": str(self), "type": self.kind, "param": None, "code": self.code}}


class Turn(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(frozen=True)

    role: str
    content: JsonValue = None

    def text(self) -> str:
        """The text of a plain or a multi-part content."""
        if isinstance(self.content, list):
            parts = [part.get("text") for part in self.content if isinstance(part, dict)]
            return "\n".join(part for part in parts if isinstance(part, str))
        return self.content if isinstance(self.content, str) else ""


class StreamOptions(BaseModel):
    """What the client asks of a stream."""

    model_config = ConfigDict(frozen=True)

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The part of a request that changes the answer; anything else is accepted and ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    messages: Annotated[tuple[Turn, ...], Field(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    max_completion_tokens: Annotated[int, Field(gt=0)] | None = None
    user: str | None = None

    @property
    def prompt(self) -> str:
        """The last user turn, which is what the simulated LLMs answer."""
        turns = [turn.text() for turn in self.messages if turn.role == "user"]
        return turns[-1] if turns else self.messages[-1].text()

    @property
    def limit(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


def usage(answer: Answer) -> dict[str, JsonValue]:
    """Tokens as OpenAI reports them."""
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.response_tokens,
        "total_tokens": answer.prompt_tokens + answer.response_tokens,
    }


def completion(id_: str, model: str, answer: Answer) -> dict[str, JsonValue]:
    """A whole answer."""
    message: JsonValue = {"role": "assistant", "content": answer.text, "refusal": None}
    choice: JsonValue = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    return _head(id_, model, "chat.completion") | {"choices": [choice], "usage": usage(answer)}


def text_chunk(id_: str, model: str, text: str) -> bytes:
    """A piece of the answer."""
    return _chunk(id_, model, {"role": "assistant", "content": text}, None)


def last_chunk(id_: str, model: str, finish_reason: str) -> bytes:
    """The piece that says why the answer ends."""
    return _chunk(id_, model, {}, finish_reason)


def usage_chunk(id_: str, model: str, answer: Answer) -> bytes:
    """The piece without choices that a client asks for with `stream_options.include_usage`."""
    return event(_head(id_, model, "chat.completion.chunk") | {"choices": [], "usage": usage(answer)})


def event(body: JsonValue) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _chunk(id_: str, model: str, delta: dict[str, JsonValue], finish_reason: str | None) -> bytes:
    choice: JsonValue = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return event(_head(id_, model, "chat.completion.chunk") | {"choices": [choice]})


def _head(id_: str, model: str, kind: str) -> dict[str, JsonValue]:
    return {"id": id_, "object": kind, "created": int(time()), "model": model}
