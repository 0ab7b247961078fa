"""Queries that were sent, and receipts."""

import numpy as np

from pointsman.demo.material import Outcomes
from pointsman.demo.record import Sent
from shared.messages import Candidate, Receipt, Response, TokenForecast


def outcomes(quality: list[float], cost_usd: list[float]) -> Outcomes:
    return Outcomes(np.array(quality), np.array(cost_usd))


def answered(number: int, llm: str, quality: float, cost_usd: float, wait_s: float = 1.0) -> Sent:
    response = Response(
        query_id=f"q{number}",
        tenant="default",
        origin=f"0-{number}",
        status="answered",
        llm=llm,
        text="",
        cost_usd=cost_usd,
        wait_s=wait_s,
        stages={"embed": 0.1, "llm": wait_s - 0.1},
    )
    return Sent(number, "calm", float(number), response, number + wait_s, quality)


def failed(number: int) -> Sent:
    response = Response(query_id=f"q{number}", tenant="default", origin=f"0-{number}", status="failed")
    return Sent(number, "calm", float(number), response, number + 1.0, None)


def candidate(llm: str, quality: float, cost_usd: float, barred_by: str | None = None) -> Candidate:
    return Candidate(
        llm=llm,
        quality=quality,
        response_tokens=TokenForecast(mean=10, p10=5, p90=20),
        uncertainty=0.1,
        prompt_tokens=10,
        cost_usd=cost_usd,
        wait_s=1.0,
        service_s=1.0,
        trade=quality - cost_usd,
        penalty=0.0,
        score=quality - cost_usd,
        barred_by=barred_by,
    )


def receipt(llm: str, *candidates: Candidate) -> Receipt:
    return Receipt(
        decision_id="d",
        origin="0-0",
        query_id="q",
        tenant="default",
        accepted_at=0.0,
        decided_at=0.1,
        attempt=1,
        llm=llm,
        candidates=candidates,
        propensity=1.0,
        willingness_to_pay=1.4,
        tau_s=10.0,
        policy="p",
        encoder="e",
        vector="AAAAAA==",
        prompt_tokens=10,
    )
