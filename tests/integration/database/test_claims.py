import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.database.claims import ClaimKey, Claims, ClaimState, Holder
from shared.database.engine import Database
from shared.errors import TransientError
from shared.stream.records import Outgoing, Position

ME = Holder("executor-1", "boot-b")
ME_BEFORE = Holder("executor-1", "boot-a")
OTHER = Holder("executor-2", "boot-c")
KEY = ClaimKey("default", "query-1", 1)
RESPONSE = Outgoing(
    "responses", b'{"text": "\xc3\xa9"}', partition=3, key=b"\x00\xff", headers={"traceparent": b"00-\xff"}
)
ATTEMPT = Outgoing("attempts", b"{}")


@pytest.fixture
def claims(database: Database) -> Claims:
    return Claims(database)


async def test_of_many_takers_exactly_one_owns_the_attempt(claims: Claims) -> None:
    holders = [Holder(f"executor-{number}", uuid4().hex) for number in range(20)]

    taken = await asyncio.gather(
        *(claims.take(KEY, "hash", f"decision-{holder.instance}", holder) for holder in holders)
    )

    [winner] = [holder for holder, claim in zip(holders, taken, strict=True) if claim is None]
    assert {claim.holder for claim in taken if claim is not None} == {winner}
    assert {claim.decision_id for claim in taken if claim is not None} == {f"decision-{winner.instance}"}


async def test_a_taken_attempt_runs_under_a_lease_of_15_seconds(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)

    claim = await claims.get(KEY)

    assert claim is not None
    assert (claim.state, claim.holder, claim.lease_expired) == (ClaimState.RUNNING, ME, False)
    assert 5 < claim.lease_left_s <= 15


async def test_other_attempts_tenants_and_queries_are_claimed_apart(claims: Claims) -> None:
    keys = [KEY, KEY._replace(attempt=2), KEY._replace(tenant="other"), KEY._replace(query_id="query-2")]

    assert [await claims.take(key, "hash", "decision", ME) for key in keys] == [None] * 4


async def test_only_the_holder_closes_and_only_once(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)

    assert not await claims.close(KEY, "decision", OTHER, ClaimState.ANSWERED, [RESPONSE])
    assert not await claims.close(KEY, "decision", ME_BEFORE, ClaimState.ANSWERED, [RESPONSE])
    assert not await claims.close(KEY, "other decision", ME, ClaimState.ANSWERED, [RESPONSE])
    assert await claims.close(KEY, "decision", ME, ClaimState.ANSWERED, [RESPONSE])
    assert not await claims.close(KEY, "decision", ME, ClaimState.FAILED, [ATTEMPT])


async def test_of_many_closers_exactly_one_wins(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)
    outboxes = [[Outgoing("responses", f"{number}".encode())] for number in range(10)]

    closed = await asyncio.gather(
        *(claims.close(KEY, "decision", ME, ClaimState.ANSWERED, outbox) for outbox in outboxes)
    )

    [winner] = [outbox for outbox, won in zip(outboxes, closed, strict=True) if won]
    claim = await claims.get(KEY)
    assert claim is not None
    assert claim.outbox == tuple(winner)


async def test_closing_again_after_a_lost_acknowledgement_succeeds(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)
    await claims.close(KEY, "decision", ME, ClaimState.ANSWERED, [RESPONSE])

    assert await claims.close(KEY, "decision", ME, ClaimState.ANSWERED, [RESPONSE])


async def test_an_outbox_comes_back_byte_for_byte_until_it_is_emptied(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)
    await claims.close(KEY, "decision", ME, ClaimState.ANSWERED, [RESPONSE, ATTEMPT])
    full = await claims.take(KEY, "hash", "decision", OTHER)

    await claims.emptied(KEY, Position("responses", 3, 2**40))

    emptied = await claims.get(KEY)
    assert full is not None
    assert emptied is not None
    assert (full.state, full.outbox) == (ClaimState.ANSWERED, (RESPONSE, ATTEMPT))
    assert (emptied.outbox, emptied.response_at) == ((), Position("responses", 3, 2**40))


async def test_emptying_again_without_a_response_keeps_where_it_lies(claims: Claims) -> None:
    await claims.close_unclaimed(KEY, "hash", "decision", ME, ClaimState.REFUSED, [RESPONSE])
    await claims.emptied(KEY, Position("responses", 0, 7))

    await claims.emptied(KEY, None)

    claim = await claims.get(KEY)
    assert claim is not None
    assert claim.response_at == Position("responses", 0, 7)


async def test_a_running_claim_cannot_be_emptied(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)

    await claims.emptied(KEY, Position("responses", 0, 7))

    claim = await claims.get(KEY)
    assert claim is not None
    assert claim.response_at is None


async def test_an_unclaimed_attempt_is_closed_by_its_insert(claims: Claims) -> None:
    assert await claims.close_unclaimed(KEY, "hash", "decision", ME, ClaimState.FAILED, [ATTEMPT]) is None

    there = await claims.take(KEY, "hash", "decision", OTHER)

    assert there is not None
    assert (there.state, there.outbox, there.content_hash) == (ClaimState.FAILED, (ATTEMPT,), "hash")


async def test_a_claimed_attempt_is_not_closed_as_unclaimed(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)

    there = await claims.close_unclaimed(KEY, "hash", "decision", OTHER, ClaimState.FAILED, [ATTEMPT])

    assert there is not None
    assert (there.state, there.holder, there.outbox) == (ClaimState.RUNNING, ME, ())


async def test_a_live_foreign_lease_is_not_closed_as_lost(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", OTHER)
    claim = await claims.get(KEY)
    assert claim is not None

    assert not await claims.close_expired(claim, ME, [ATTEMPT])


async def test_an_expired_foreign_lease_is_closed_as_lost_by_exactly_one(claims: Claims, database: Database) -> None:
    await claims.take(KEY, "hash", "decision", OTHER)
    await _expire_leases(database)
    claim = await claims.get(KEY)
    assert claim is not None
    assert claim.lease_expired
    finders = [Holder(f"executor-{number}", "boot") for number in range(5, 15)]

    closed = await asyncio.gather(*(claims.close_expired(claim, finder, [ATTEMPT]) for finder in finders))

    lost = await claims.get(KEY)
    assert lost is not None
    assert (closed.count(True), lost.state, lost.outbox) == (1, ClaimState.LOST, (ATTEMPT,))
    assert not await claims.close(KEY, "decision", OTHER, ClaimState.ANSWERED, [RESPONSE])


async def test_a_lease_renewed_after_it_was_read_as_expired_stays(claims: Claims, database: Database) -> None:
    await claims.take(KEY, "hash", "decision", OTHER)
    await _expire_leases(database)
    claim = await claims.get(KEY)
    assert claim is not None

    await claims.renew([KEY], OTHER)

    assert not await claims.close_expired(claim, ME, [ATTEMPT])


async def test_a_claim_of_my_earlier_life_is_closed_at_once(claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME_BEFORE)
    claim = await claims.get(KEY)
    assert claim is not None

    assert await claims.close_expired(claim, ME, [ATTEMPT])


async def test_renewal_tells_which_attempts_are_still_ours(claims: Claims, database: Database) -> None:
    mine, closed, foreign, missing = (KEY._replace(attempt=number) for number in (1, 2, 3, 4))
    await claims.take(mine, "hash", "decision", ME)
    await claims.take(closed, "hash", "decision", ME)
    await claims.close(closed, "decision", ME, ClaimState.FAILED, [])
    await claims.take(foreign, "hash", "decision", OTHER)
    await _expire_leases(database)

    renewed = await claims.renew([mine, closed, foreign, missing], ME)

    claim = await claims.get(mine)
    assert claim is not None
    assert (renewed, claim.lease_expired) == (frozenset({mine}), False)


async def test_the_response_of_a_query_is_found_among_its_attempts(claims: Claims) -> None:
    first, second = KEY, KEY._replace(attempt=2)
    await claims.close_unclaimed(first, "hash", "decision-1", ME, ClaimState.FAILED, [ATTEMPT])
    assert await claims.response_of(KEY.tenant, KEY.query_id) is None

    await claims.close_unclaimed(second, "hash", "decision-2", ME, ClaimState.ANSWERED, [RESPONSE, ATTEMPT])
    waiting = await claims.response_of(KEY.tenant, KEY.query_id)
    await claims.emptied(second, Position("responses", 1, 2))
    produced = await claims.response_of(KEY.tenant, KEY.query_id)

    assert waiting is not None
    assert produced is not None
    assert (waiting.key, waiting.outbox[0]) == (second, RESPONSE)
    assert (produced.key, produced.response_at) == (second, Position("responses", 1, 2))


async def test_purging_forgets_old_attempts_only(claims: Claims, database: Database) -> None:
    old, new = KEY, KEY._replace(query_id="query-2")
    await claims.take(old, "hash", "decision", ME)
    async with database.session() as session:
        await session.execute(text("UPDATE claims SET claimed_at = now() - interval '8 days'"))
        await session.commit()
    await claims.take(new, "hash", "decision", ME)

    await claims.purge(7 * 86_400)

    assert await claims.get(old) is None
    assert await claims.get(new) is not None


async def _expire_leases(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("UPDATE claims SET lease_until = clock_timestamp() - interval '1 second'"))
        await session.commit()


async def test_a_closing_that_hangs_is_given_up_and_closes_when_tried_again(url: str, claims: Claims) -> None:
    await claims.take(KEY, "hash", "decision", ME)

    async with Database(url, statement_s=0.3) as impatient, Database(url) as other:
        async with other.session() as session:
            await session.execute(text("SELECT 1 FROM claims FOR UPDATE"))
            with pytest.raises(TransientError, match="statement timeout"):
                await Claims(impatient).close(KEY, "decision", ME, ClaimState.ANSWERED, [RESPONSE])

        assert await Claims(impatient).close(KEY, "decision", ME, ClaimState.ANSWERED, [RESPONSE])
