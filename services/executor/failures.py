"""The error table: what can end an attempt without an answer, and what follows from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum

import openai

from shared.errors import PointsmanError
from shared.messages import AttemptError


class Verdict(Enum):
    """What an outcome says of the endpoint."""

    FINE = "it answers"
    NOTHING = "nothing"
    FAILING = "one more failure in a row"
    CLOSED = "no call can succeed until somebody mends it"


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from one kind of failure."""

    #: Do not ask this LLM again for this query, while another is allowed.
    blames_llm: bool
    #: Among the at most 3 attempts; False where no call was made.
    counts: bool
    verdict: Verdict


#: A 429 whose retry-after fits into the slack is no failure: the attempt waits and asks again.
RULES: Mapping[str, Rule] = {
    # The endpoint is in trouble: another LLM, and the circuit opens when it goes on.
    "rate_limited": Rule(True, True, Verdict.FAILING),
    "overloaded": Rule(True, True, Verdict.FAILING),
    "server_error": Rule(True, True, Verdict.FAILING),
    "timeout": Rule(True, True, Verdict.FAILING),
    "unreachable": Rule(True, True, Verdict.FAILING),
    "garbage": Rule(True, True, Verdict.FAILING),
    # This query does not suit this LLM; the endpoint works.
    "context_too_long": Rule(True, True, Verdict.FINE),
    "content_refused": Rule(True, True, Verdict.FINE),
    "bad_request": Rule(True, True, Verdict.FINE),
    "oversized": Rule(True, True, Verdict.FINE),
    # Only a person can mend these: the LLM is closed, and asked again after a while.
    "auth": Rule(True, True, Verdict.CLOSED),
    "quota": Rule(True, True, Verdict.CLOSED),
    "no_such_model": Rule(True, True, Verdict.CLOSED),
    # The LLM is closed: no call was made.
    "address": Rule(True, False, Verdict.NOTHING),
    "circuit": Rule(True, False, Verdict.NOTHING),
    # Nobody's fault.
    "deadline": Rule(False, True, Verdict.NOTHING),
    "lost": Rule(False, True, Verdict.NOTHING),
    "removed": Rule(False, False, Verdict.NOTHING),
    "moved": Rule(False, False, Verdict.NOTHING),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt ended without an answer; `message` never holds a provider's text, which may quote the prompt."""

    kind: str
    message: str
    #: Of a 429: the provider's own word on when to ask again.
    retry_after_s: float | None = None

    @property
    def rule(self) -> Rule:
        return RULES[self.kind]

    @property
    def error(self) -> AttemptError:
        """As the `attempts` topic carries it."""
        rule = self.rule
        return AttemptError(kind=self.kind, message=self.message, blames_llm=rule.blames_llm, counts=rule.counts)


class CallFailedError(PointsmanError):
    """A call ended without an answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


LOST = Failure("lost", "the process that called the LLM went away before the answer was kept")
DEADLINE = Failure("deadline", "the deadline passed before the LLM had answered")

#: By code, type or message: providers agree on none of the three.
_CONTEXT = re.compile(
    r"context.?(length|window|size)|maximum context|prompt (is )?too long|input.{0,40}too long|too many tokens"
    r"|token.{0,40}exceed|exceed.{0,40}token|inputs.{0,40}max_new_tokens"
)
_CONTENT = re.compile(r"content.?(filter|policy|management)|responsible.?ai|moderation|flagged|safety (system|setting)")
_QUOTA = re.compile(r"insufficient.?(quota|credit|funds|balance)|billing")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def of_status(status: int, said: str) -> str:
    """The kind of failure of an HTTP status and what the provider said with it, in lower case."""
    if status == 413 or (status < 500 and _CONTEXT.search(said)):
        return "context_too_long"
    if status < 500 and _CONTENT.search(said):
        return "content_refused"
    if status == 402 or (status in (403, 429) and _QUOTA.search(said)):
        return "quota"
    if status >= 500:
        return {503: "overloaded", 504: "timeout", 529: "overloaded"}.get(status, "server_error")
    if status < 400:
        return "garbage"
    return {
        401: "auth",
        403: "auth",
        404: "no_such_model",
        408: "timeout",
        409: "server_error",
        429: "rate_limited",
    }.get(status, "bad_request")


def of_error(error: Exception, now: float) -> Failure:
    """The failure that an exception of a call stands for; `now` in seconds since the epoch dates a retry-after."""
    if isinstance(error, openai.APIStatusError):
        kind = of_status(error.status_code, _said(error))
        return Failure(kind, f"HTTP {error.status_code}{_code(error)}", _retry_after_s(error.response.headers, now))
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return Failure("timeout", "the endpoint was silent for too long")
    if isinstance(error, openai.APIConnectionError):
        return Failure("unreachable", "the connection to the endpoint failed or broke")
    if isinstance(error, openai.APIError) and isinstance(error.body, Mapping):
        return _of_event(error)
    return Failure("garbage", f"the endpoint did not answer as an OpenAI-compatible one ({type(error).__name__})")


def _of_event(error: openai.APIError) -> Failure:
    """An error sent as an event of a stream that had begun well; some providers put the status into its code."""
    code = error.code or ""
    status = int(code) if code.isdecimal() and len(code) == 3 else 400
    kind = of_status(status, _said(error))
    if kind == "bad_request":
        kind = "server_error"
    return Failure(kind, f"an error in the stream{_code(error)}")


def _said(error: openai.APIError) -> str:
    return " ".join(str(part) for part in (error.code, error.type, error.message)).lower()


def _code(error: openai.APIError) -> str:
    """The provider's code or type where it is one word; its sentence may quote the prompt or a key."""
    words = [word for word in (error.code, error.type) if isinstance(word, str) and _WORD.fullmatch(word)]
    return f", {words[0]}" if words else ""


def _retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after`, which is seconds or a date."""
    try:
        if (ms := headers.get("retry-after-ms")) is not None:
            return max(float(ms) / 1000, 0.0)
        return _seconds(headers.get("retry-after"), now)
    except (ValueError, OverflowError):
        return None


def _seconds(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
