"""The records that an attempt's end owes: the response and the answered attempt, or the failed attempt."""

from dataclasses import dataclass
from typing import Literal

from services.executor.failures import Failure
from services.executor.pieces import Answer
from shared.database.claims import ClaimKey
from shared.messages import Attempt, Dispatch, Llm, Response, ResponseError
from shared.stream.headers import passed_on
from shared.stream.records import Outgoing, Record
from shared.topics import ATTEMPTS, MAX_REQUEST_BYTES, RESPONSES, home

#: Of a record, beside its value: key, headers, framing.
_AROUND_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Work:
    """One dispatch as it was read, and where its records go."""

    record: Record
    dispatch: Dispatch
    #: Name of this executor.
    instance: str
    home_partitions: int
    content_hash: str

    @property
    def key(self) -> ClaimKey:
        query = self.dispatch.accepted.query
        return ClaimKey(query.tenant, query.query_id, self.dispatch.attempt)

    @property
    def home(self) -> int:
        return home(self.dispatch.accepted.origin, self.home_partitions)

    @property
    def reply(self) -> int:
        """Where the user listens; an asked partition that does not exist means home."""
        asked = self.dispatch.accepted.query.reply_partition
        return asked if asked is not None and asked < self.home_partitions else self.home

    @property
    def headers(self) -> dict[str, bytes]:
        return passed_on(self.record)

    def outgoing(self, topic: str, partition: int, message: Response | Attempt) -> Outgoing:
        key = self.dispatch.accepted.query.query_id.encode()
        return Outgoing(topic, message.encode(), partition, key, self.headers)

    def attempt(self, event: Attempt) -> Outgoing:
        return self.outgoing(ATTEMPTS.name, self.home, event)

    def response(self, response: Response) -> Outgoing:
        return self.outgoing(RESPONSES.name, self.reply, response)


def started(work: Work, at: float) -> Outgoing:
    """For watching only: its loss does not matter."""
    return work.attempt(_attempt(work, "started", at))


def answered(work: Work, llm: Llm, answer: Answer, began: float, at: float) -> tuple[Outgoing, ...] | Failure:
    """Response and answered attempt; a Failure when the response would not fit into a record.

    `began` and `at` are broker time, seconds since the epoch.
    """
    prompt_tokens, response_tokens = tokens(work.dispatch, answer)
    paid_usd = cost_usd(work.dispatch, llm, answer)
    reported = answer.prompt_tokens is not None
    response = Response(
        query_id=work.dispatch.accepted.query.query_id,
        tenant=work.dispatch.accepted.query.tenant,
        origin=work.dispatch.accepted.origin,
        status="answered",
        llm=work.dispatch.llm,
        text=answer.text,
        finish_reason=answer.finish_reason,
        tool_calls=answer.tool_calls,
        prompt_tokens=prompt_tokens,
        response_tokens=response_tokens,
        usage_estimated=not reported,
        cost_usd=paid_usd,
        wait_s=max(at - work.dispatch.accepted.accepted_at, 0.0),
        stages=stages(work, began, at),
        decision_id=work.dispatch.decision_id,
        attempt=work.dispatch.attempt,
    )
    attempt = _attempt(work, "answered", at).model_copy(
        update={
            "prompt_tokens": answer.prompt_tokens,
            "response_tokens": answer.response_tokens,
            "usage_estimated": not reported,
            "first_token_s": answer.first_token_s,
            "total_s": answer.total_s,
            "cost_usd": paid_usd,
        }
    )
    outgoing = (work.response(response), work.attempt(attempt))
    if len(outgoing[0].value) + _AROUND_BYTES > MAX_REQUEST_BYTES:
        return Failure("oversized", "an answer that does not fit into a record")
    return outgoing


def failed(work: Work, failure: Failure, at: float, total_s: float | None = None) -> tuple[Outgoing, ...]:
    """The failed attempt, with the whole dispatch, so that decision can go on from this record alone."""
    attempt = _attempt(work, "failed", at).model_copy(
        update={"error": failure.error, "dispatch": work.dispatch, "total_s": total_s}
    )
    return (work.attempt(attempt),)


def refused(work: Work, kind: str, message: str, at: float) -> tuple[Outgoing, ...]:
    """A refusal that ends this record, not the query's identity: clients know it by its origin."""
    accepted = work.dispatch.accepted
    response = Response(
        query_id=accepted.query.query_id,
        tenant=accepted.query.tenant,
        origin=accepted.origin,
        status="refused",
        wait_s=max(at - accepted.accepted_at, 0.0),
        error=ResponseError(kind=kind, message=message),
    )
    return (work.response(response),)


def tokens(dispatch: Dispatch, answer: Answer) -> tuple[int, int]:
    """Prompt and response tokens as reported, else estimated: as forecast, and one per piece of the stream."""
    prompt, response = answer.prompt_tokens, answer.response_tokens
    return (
        dispatch.prompt_tokens if prompt is None else prompt,
        answer.pieces if response is None else response,
    )


def cost_usd(dispatch: Dispatch, llm: Llm, answer: Answer) -> float:
    """Tokens by list price."""
    prompt_tokens, response_tokens = tokens(dispatch, answer)
    return (prompt_tokens * llm.usd_per_mtok_input + response_tokens * llm.usd_per_mtok_output) / 1e6


def _attempt(work: Work, event: Literal["started", "answered", "failed"], at: float) -> Attempt:
    accepted = work.dispatch.accepted
    return Attempt(
        event=event,
        decision_id=work.dispatch.decision_id,
        origin=accepted.origin,
        query_id=accepted.query.query_id,
        tenant=accepted.query.tenant,
        accepted_at=accepted.accepted_at,
        attempt=work.dispatch.attempt,
        llm=work.dispatch.llm,
        instance=work.instance,
        at=at,
    )


def stages(work: Work, began: float, at: float) -> dict[str, float]:
    """Seconds of each stage from the query's append to its answer."""
    return work.dispatch.stages | {
        "queue": max(began - work.record.appended_at, 0.0),
        "llm": max(at - began, 0.0),
    }
