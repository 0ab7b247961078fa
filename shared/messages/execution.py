"""From a dispatch to its end: attempts, responses, pieces of a streamed response."""

from typing import Literal

from shared.messages.message import Message
from shared.messages.routing import Dispatch, Origin


class AttemptError(Message):
    """Why a call failed: `kind` is one word of the executor's error table."""

    kind: str
    message: str
    #: The LLM is at fault (it may do better on other queries): do not ask it again for this one.
    blames_llm: bool = False
    #: Counts among the at most 3 attempts; False for `removed` and `moved`.
    counts: bool = True


class Attempt(Message):
    """Topic `attempts`: one event of one call."""

    event: Literal["started", "answered", "failed"]
    decision_id: str
    origin: Origin
    query_id: str
    tenant: str
    accepted_at: float
    attempt: int
    llm: str
    instance: str
    #: Broker time of the event, seconds since the epoch.
    at: float
    #: As the provider reported them; None before the end or when it did not.
    prompt_tokens: int | None = None
    response_tokens: int | None = None
    first_token_s: float | None = None
    total_s: float | None = None
    cost_usd: float | None = None
    #: The provider reported no usage: cost_usd is an estimate.
    usage_estimated: bool = False
    error: AttemptError | None = None
    #: Of a failed attempt: the whole Dispatch, so that the query can be decided again from this record alone.
    dispatch: Dispatch | None = None


class ResponseError(Message):
    """What a user reads when there is no answer: one word for programs, one sentence for people."""

    kind: str
    message: str


class Response(Message):
    """Topic `responses`: the terminal record of a query."""

    query_id: str
    tenant: str
    origin: Origin
    status: Literal["answered", "refused", "failed"]
    llm: str | None = None
    text: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    response_tokens: int | None = None
    cost_usd: float | None = None
    #: The provider reported no usage: tokens and cost are estimates.
    usage_estimated: bool = False
    #: From the append of the query to this response, seconds.
    wait_s: float | None = None
    #: Seconds per stage: embed, predict, decide, queue, llm.
    stages: dict[str, float] = {}
    error: ResponseError | None = None
    #: Tool calls of the answer, as the provider gave them (JSON text).
    tool_calls: str | None = None
    decision_id: str | None = None
    attempt: int | None = None


class ResponseChunk(Message):
    """Topic `response-chunks`: a piece of a streamed answer; pieces of an attempt are ordered by `seq` from 0."""

    query_id: str
    tenant: str
    origin: Origin
    attempt: int
    seq: int
    text: str
    #: True on the last piece of an attempt that answered.
    final: bool = False
