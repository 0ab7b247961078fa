"""What an endpoint streams, read with distrust: its SDK objects were never validated."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from openai.types.chat import ChatCompletionChunk

from services.executor.failures import CallFailedError, Failure

#: Characters of an answer; more would not fit into a record.
MAX_TEXT = 500_000
#: A count beyond it is no count of tokens.
_MAX_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the tokens are None where the provider reported no usage."""

    text: str
    finish_reason: str
    #: As the provider gave them, JSON text.
    tool_calls: str | None
    prompt_tokens: int | None
    response_tokens: int | None
    #: Pieces with text in them: about one a token.
    pieces: int
    first_token_s: float
    total_s: float


class Reading:
    """Gathers the pieces of one stream."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._size = 0
        self._tool_calls: dict[int, dict[str, str]] = {}
        self._prompt_tokens: int | None = None
        self._response_tokens: int | None = None
        self._choices = 0
        self._pieces = 0
        self.finish_reason: str | None = None
        #: Whether anything of the answer came, reasoning included.
        self.spoken = False

    def add(self, chunk: ChatCompletionChunk) -> str:
        """Take one chunk and return its text; raises CallFailedError when it is none."""
        self._read_usage(getattr(chunk, "usage", None))
        choices = getattr(chunk, "choices", None)
        if choices is None and not isinstance(chunk, ChatCompletionChunk):
            raise garbage("an event that is not a JSON object")
        if choices is not None and not isinstance(choices, Sequence):
            raise garbage("choices that are not a list")
        mine = [choice for choice in choices or () if getattr(choice, "index", 0) in (0, None)]
        return "".join(self._read_choice(choice) for choice in mine)

    def answer(self, first_token_s: float | None, total_s: float) -> Answer:
        """The whole answer; raises CallFailedError when the stream stopped before its end."""
        if self._choices == 0:
            raise garbage("a stream without choices")
        if self.finish_reason is None:
            raise garbage("half a stream, it ended without a finish reason")
        if self.finish_reason == "content_filter":
            raise CallFailedError(Failure("content_refused", "the provider's filter cut the answer"))
        return Answer(
            text=mend("".join(self._texts)),
            finish_reason=mend(self.finish_reason),
            tool_calls=json.dumps(self._shaped_tool_calls()) if self._tool_calls else None,
            prompt_tokens=self._prompt_tokens,
            response_tokens=self._response_tokens,
            pieces=self._pieces,
            first_token_s=total_s if first_token_s is None else first_token_s,
            total_s=total_s,
        )

    def _read_choice(self, choice: object) -> str:
        self._choices += 1
        delta = getattr(choice, "delta", None)
        text = _text(delta, "content") or _text(delta, "refusal")
        self._size += len(text)
        if self._size > MAX_TEXT:
            raise CallFailedError(Failure("oversized", f"an answer of more than {MAX_TEXT} characters"))
        if text:
            self._texts.append(text)
            self._pieces += 1
        tool_calls = getattr(delta, "tool_calls", None)
        for call in tool_calls if isinstance(tool_calls, list) else ():
            self._read_tool_call(call)
        thought = _text(delta, "reasoning_content") or _text(delta, "reasoning")
        self.spoken = self.spoken or bool(text or tool_calls or thought)
        self.finish_reason = _text(choice, "finish_reason") or self.finish_reason
        return text

    def _read_tool_call(self, call: object) -> None:
        number = getattr(call, "index", None)
        if not isinstance(number, int):
            raise garbage("a tool call without an index")
        function = getattr(call, "function", None)
        kept = self._tool_calls.setdefault(number, {"id": "", "type": "function", "name": "", "arguments": ""})
        kept["id"] = _text(call, "id") or kept["id"]
        kept["type"] = _text(call, "type") or kept["type"]
        kept["name"] += _text(function, "name")
        kept["arguments"] += _text(function, "arguments")
        self._size += len(_text(function, "arguments"))

    def _shaped_tool_calls(self) -> list[Mapping[str, object]]:
        return [
            {
                "id": kept["id"],
                "type": kept["type"],
                "function": {"name": kept["name"], "arguments": kept["arguments"]},
            }
            for _, kept in sorted(self._tool_calls.items())
        ]

    def _read_usage(self, usage: object) -> None:
        prompt = getattr(usage, "prompt_tokens", None)
        response = getattr(usage, "completion_tokens", None)
        if _is_count(prompt) and _is_count(response):
            self._prompt_tokens, self._response_tokens = prompt, response


def garbage(what: str) -> CallFailedError:
    return CallFailedError(Failure("garbage", f"the endpoint sent {what}"))


def mend(text: str) -> str:
    """Join the halves of characters that JSON escapes had cut, and replace those whose other half is missing.

    >>> mend("\\ud83d" + "\\ude00") == "\\U0001f600", mend("a\\ud83d") == "a\\ufffd"
    (True, True)
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and 0 <= value <= _MAX_TOKENS


def _text(holder: object, name: str) -> str:
    """A field that is text, or nothing where it is absent, null or of another type."""
    value = getattr(holder, name, None)
    return value if isinstance(value, str) else ""
