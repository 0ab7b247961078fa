"""A query's receipt and attempts as the fleet would send them."""

from shared.messages import Attempt, AttemptError, Candidate, Flip, Receipt, TokenForecast, pack_vector

#: 2026-03-14 09:26:53.589 UTC, a broker time in milliseconds.
ACCEPTED_AT = 1773480413.589

CANDIDATE = Candidate(
    llm="small",
    quality=0.75,
    response_tokens=TokenForecast(mean=120.5, p10=40, p90=300),
    uncertainty=0.5,
    head="v1",
    prompt_tokens=12,
    cost_usd=0.0001,
    wait_s=1.25,
    service_s=1.0,
    trade=0.4,
    penalty=0.001,
    score=0.401,
)


def receipt(
    query_id: str, decision_id: str = "decision-1", *, tenant: str = "default", text: str | None = None
) -> Receipt:
    return Receipt(
        decision_id=decision_id,
        origin="3-17",
        query_id=query_id,
        tenant=tenant,
        accepted_at=ACCEPTED_AT,
        decided_at=ACCEPTED_AT + 0.25,
        attempt=1,
        llm="small",
        candidates=(CANDIDATE, CANDIDATE.model_copy(update={"llm": "large", "barred_by": "max_cost_usd"})),
        propensity=0.95,
        willingness_to_pay=1.4,
        tau_s=30,
        policy="p1",
        encoder="e1",
        flip=Flip(willingness_to_pay=9.5, willingness_to_pay_llm="large", runner_up="large"),
        vector=pack_vector(bytes(range(16))),
        prompt_tokens=12,
        features=pack_vector(bytes(8)),
        neighbours=pack_vector(bytes(16)),
        domain="mathematics",
        distance=0.125,
        text=text,
        replica="decision-1",
        capacity_seen_at={"small": ACCEPTED_AT - 0.5},
    )


def started(query_id: str, decision_id: str = "decision-1") -> Attempt:
    return Attempt(
        event="started",
        decision_id=decision_id,
        origin="3-17",
        query_id=query_id,
        tenant="default",
        accepted_at=ACCEPTED_AT,
        attempt=1,
        llm="small",
        instance="executor-1",
        at=ACCEPTED_AT + 0.5,
    )


def answered(query_id: str, decision_id: str = "decision-1") -> Attempt:
    ended = {
        "event": "answered",
        "at": ACCEPTED_AT + 2.5,
        "prompt_tokens": 14,
        "response_tokens": 99,
        "first_token_s": 0.25,
        "total_s": 2.0,
        "cost_usd": 0.0002,
    }
    return started(query_id, decision_id).model_copy(update=ended)


def failed(query_id: str, decision_id: str = "decision-1") -> Attempt:
    error = AttemptError(kind="overloaded", message="the endpoint answered 503", blames_llm=True)
    return started(query_id, decision_id).model_copy(
        update={"event": "failed", "at": ACCEPTED_AT + 2.5, "error": error}
    )
