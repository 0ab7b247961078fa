"""Decisions for the tests."""

from shared.messages import Candidate, Receipt, TokenForecast


def candidate(llm: str, **fields: object) -> Candidate:
    given = {
        "llm": llm,
        "quality": 0.5,
        "response_tokens": TokenForecast(mean=100, p10=50, p90=200),
        "uncertainty": 0.5,
        "head": "v1",
        "prompt_tokens": 10,
        "cost_usd": 0.001,
        "wait_s": 2.0,
        "service_s": 2.0,
        "trade": 0.3,
        "penalty": 0.0,
        "score": 0.3,
    }
    return Candidate.model_validate(given | fields)


def receipt(llm: str | None, *candidates: Candidate, query_id: str = "q", attempt: int = 1) -> Receipt:
    return Receipt(
        decision_id=f"d{attempt}",
        origin="0-0",
        query_id=query_id,
        tenant="default",
        accepted_at=1_800_000_000.0,
        decided_at=1_800_000_000.1,
        attempt=attempt,
        llm=llm,
        candidates=candidates,
        propensity=1,
        willingness_to_pay=1.4,
        tau_s=30,
        policy="default",
        encoder="e1",
        vector="",
        prompt_tokens=10,
    )
