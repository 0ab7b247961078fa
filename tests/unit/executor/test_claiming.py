"""An attempt is called once, also where Postgres did not say whether it was claimed."""

import pytest

from services.executor.claiming import Claiming
from services.executor.leases import Leases
from shared.database.claims import Claim, ClaimKey, ClaimState, Holder
from shared.errors import TransientError
from shared.metrics import Metrics
from tests.unit.executor.test_outcomes import work

ME = Holder("executor-0", "boot-1")


class ClaimsSeen:
    """Answers each take with the next outcome."""

    def __init__(self, *outcomes: Claim | TransientError | None) -> None:
        self._outcomes = list(outcomes)

    async def take(self, key: ClaimKey, content_hash: str, decision_id: str, holder: Holder) -> Claim | None:
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, TransientError):
            raise outcome
        return outcome


def claiming(*outcomes: Claim | TransientError | None) -> Claiming:
    claims = ClaimsSeen(*outcomes)
    return Claiming(claims, Leases(claims, ME), Metrics(), best_effort=False)  # type: ignore[arg-type]


MINE = Claim(work().key, "hash", "d", ClaimState.RUNNING, ME, False, 9.0, (), None)


async def test_a_claim_that_was_made_though_postgres_did_not_say_so_is_ours_to_call() -> None:
    claims = claiming(TransientError("away"), MINE)

    with pytest.raises(TransientError):
        await claims.take(work())

    assert await claims.take(work()) is None


async def test_an_attempt_that_was_called_after_a_hiccup_is_not_called_again() -> None:
    claims = claiming(TransientError("away"), None, MINE)
    with pytest.raises(TransientError):
        await claims.take(work())

    assert await claims.take(work()) is None
    assert await claims.take(work()) == MINE
