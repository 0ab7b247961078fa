"""What users send: queries and feedback. These names are fixed; more may be added."""

from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Annotated, Literal, Self, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from shared.messages.message import Message

T = TypeVar("T")
#: Identifiers end up in keys, logs and metrics queries: printable, bounded.
Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
LlmName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
Share = Annotated[float, Field(ge=0, le=1)]


def new_query_id() -> str:
    return uuid4().hex


class ChatMessage(Message):
    """One turn of a conversation, as OpenAI's chat API has it; other fields of a turn pass through."""

    model_config = ConfigDict(extra="allow")

    role: str
    content: JsonValue = None


#: A query that names no `max_wait_s` ends this long after it was appended, seconds.
DEFAULT_DEADLINE_S = 600.0


class Preferences(Message):
    """What the user trades for what; None means the policy's default or no limit."""

    #: lambda of the method: how much quality is worth in units of the reference LLM's mean cost.
    willingness_to_pay: Annotated[float, Field(ge=0)] | None = None
    max_cost_usd: Annotated[float, Field(gt=0)] | None = None
    #: Both the patience tau of the wait penalty and the deadline.
    max_wait_s: Annotated[float, Field(ge=0.001, le=86_400)] | None = None
    #: Only these LLMs may answer.
    llms: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    explore: bool = True


class Query(Message):
    """A prompt or a conversation to be answered by one LLM."""

    query_id: Identifier
    prompt: str | None = None
    messages: Annotated[tuple[ChatMessage, ...], Field(min_length=1)] | None = None
    preferences: Preferences = Preferences()
    #: Passed to the LLM as they are: max_tokens, temperature, stop, seed, response_format, tools, …
    parameters: dict[str, JsonValue] = {}
    tenant: Identifier = "default"
    stream: bool = False
    reply_partition: Annotated[int, Field(ge=0)] | None = None
    sent_at: datetime | None = None

    @field_validator("messages", "parameters")
    @classmethod
    def _is_finite(cls, value: T) -> T:
        """JSON has no NaN and no infinities: they would become null on the way."""
        for path in _not_finite(value):
            raise ValueError(f"expected a finite number at {path}")
        return value

    @model_validator(mode="after")
    def _has_one_text(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("expected either prompt or messages")
        return self


def _not_finite(value: object, path: str = "") -> Iterator[str]:
    """Where there are floats that JSON cannot carry, as `a.0.b`."""
    if isinstance(value, float) and not isfinite(value):
        yield path
    items: Iterator[tuple[object, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list | tuple):
        items = iter(enumerate(value))
    elif isinstance(value, BaseModel):
        items = iter(value)
    for name, part in items:
        yield from _not_finite(part, f"{path}.{name}" if path else str(name))


class Feedback(Message):
    """What a user says of an answer; the last word for a query counts, once."""

    query_id: Identifier
    tenant: Identifier = "default"
    satisfied: bool | None = None
    quality: Share | None = None
    withdrawn: Literal[True] | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [self.satisfied is not None, self.quality is not None, self.withdrawn is not None]
        if sum(said) != 1:
            raise ValueError("expected exactly one of satisfied, quality in [0, 1], withdrawn")
        return self
