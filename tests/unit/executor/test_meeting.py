"""The table of protocol 3, "a dispatch that meets a claim", row by row."""

from dataclasses import replace

import pytest

from services.executor.meeting import Step, step
from shared.database.claims import Claim, ClaimKey, ClaimState, Holder
from shared.stream.records import Outgoing, Position

ME = Holder("executor-0", "boot-2")
OTHER = Holder("executor-1", "boot-1")
CLAIM = Claim(
    key=ClaimKey("default", "q", 1),
    content_hash="hash",
    decision_id="decision",
    state=ClaimState.RUNNING,
    holder=OTHER,
    lease_expired=False,
    lease_left_s=9,
    outbox=(),
    response_at=None,
)
OWED = (Outgoing("attempts", b"{}"),)
DONE = replace(CLAIM, state=ClaimState.ANSWERED, response_at=Position("responses", 0, 7))


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        (replace(DONE, outbox=OWED), Step.DELIVER),
        (replace(CLAIM, state=ClaimState.FAILED, outbox=OWED, content_hash="other"), Step.DELIVER),
        (DONE, Step.FINISH),
        (replace(CLAIM, state=ClaimState.FAILED), Step.FINISH),
        (replace(CLAIM, state=ClaimState.LOST), Step.FINISH),
        (replace(CLAIM, state=ClaimState.REFUSED), Step.FINISH),
        (CLAIM, Step.WAIT),
        (replace(CLAIM, lease_expired=True, lease_left_s=-1), Step.CLOSE_ABANDONED),
        (replace(CLAIM, holder=Holder(ME.instance, "boot-1")), Step.CLOSE_ABANDONED),
        (replace(CLAIM, holder=ME), Step.CLOSE_OWN),
        (replace(DONE, decision_id="other"), Step.REPEAT),
        (replace(CLAIM, decision_id="other"), Step.REPEAT),
        (replace(CLAIM, decision_id="other", lease_expired=True), Step.REPEAT),
        (replace(DONE, decision_id="other", content_hash="other"), Step.REFUSE),
        (replace(CLAIM, decision_id="other", content_hash="other"), Step.REFUSE),
    ],
)
def test_each_claim_asks_for_one_step(met: Claim, expected: Step) -> None:
    assert step(met, "decision", "hash", ME) is expected
