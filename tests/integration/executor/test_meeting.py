"""What each row of the table of protocol 3 does to a real claim, and what it produces."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from services.executor.claiming import Claiming
from services.executor.closing import Closing
from services.executor.leases import Leases
from services.executor.meeting import Meeting
from services.executor.outcomes import Work
from services.executor.serving import Shared
from shared.content import content_hash
from shared.database.claims import Claims, ClaimState, Holder
from shared.database.engine import Database
from shared.errors import TransientError
from shared.messages import Attempt, Response
from shared.metrics import Metrics
from shared.stream.records import Acknowledgement, Outgoing, Position, Record
from shared.stream.retry import Retry
from tests.integration.executor.bench import Executors, a_dispatch

ME, OTHER = Holder("executor-0", "boot-2"), Holder("executor-1", "boot-1")
OWED = (Outgoing("responses", b"owed", 0),)


class Desk:
    """A meeting on a real database; what it produces is kept instead of sent."""

    def __init__(self, database: Database) -> None:
        self.claims = Claims(database)
        self.produced: list[Outgoing] = []
        #: Records that gave their slot back.
        self.aside: list[Position] = []
        self.now = 100.0
        #: What the broker still keeps.
        self.kept: dict[Position, Record] = {}
        metrics = Metrics()
        self.claiming = Claiming(self.claims, Leases(self.claims, ME), metrics, best_effort=False)
        shared = Shared(
            holder=ME,
            claims=self.claims,
            claiming=self.claiming,
            produce=self.produce,
            retry=Retry(metrics),
            metrics=metrics,
            clock=lambda: self.now,
            read_at=self.read_at,
            home_partitions=4,
            retry_after_s=20,
        )
        self._meeting = Meeting(shared, Closing(shared), self.aside.append)

    async def produce(self, outgoing: Sequence[Outgoing]) -> Sequence[Acknowledgement]:
        self.produced += outgoing
        return [Acknowledgement(Position(one.topic, one.partition or 0, 7), 100.0) for one in outgoing]

    async def read_at(self, position: Position) -> Record | None:
        return self.kept.get(position)

    async def take(self, work: Work, holder: Holder, decision_id: str | None = None) -> None:
        decision_id = decision_id or work.dispatch.decision_id
        assert await self.claims.take(work.key, work.content_hash, decision_id, holder) is None

    async def answer(self, work: Work, at: Position, appended_at: float = 90.0) -> None:
        """The claim that work met ends with a response, which lies at `at`."""
        await self.claims.close(work.key, "other", OTHER, ClaimState.ANSWERED, OWED)
        await self.claims.emptied(work.key, at)
        self.kept[at] = Record(at, b"owed", appended_at)

    async def meet(self, work: Work) -> bool:
        met = await self.claiming.take(work)
        assert met is not None
        return await self._meeting.settle(work, met)


@pytest.fixture
async def desk(executors: Executors) -> AsyncIterator[Desk]:
    database = Database(executors.postgres)
    yield Desk(database)
    await database.close()


def a_work(**query: object) -> Work:
    dispatch = a_dispatch("small", "answer", query_id=uuid4().hex, **query)
    record = Record(Position("dispatch.small", 0, 0), b"", 99.0)
    return Work(record, dispatch, ME.instance, 4, content_hash(dispatch.accepted.query))


async def test_a_full_outbox_is_produced_and_emptied_then_the_record_is_finished(desk: Desk) -> None:
    work = a_work()
    await desk.take(work, OTHER)
    await desk.claims.close(work.key, work.dispatch.decision_id, OTHER, ClaimState.ANSWERED, OWED)

    finished = [await desk.meet(work), await desk.meet(work)]

    assert finished == [False, True]
    assert desk.produced == list(OWED)
    claim = await desk.claims.get(work.key)
    assert claim is not None
    assert (claim.outbox, claim.response_at) == ((), Position("responses", 0, 7))


async def test_a_live_foreign_lease_is_waited_for(desk: Desk) -> None:
    work = a_work()
    await desk.take(work, OTHER)

    with pytest.raises(TransientError, match="executor-1 calls"):
        await desk.meet(work)

    assert desk.produced == []


@pytest.mark.parametrize("holder", [ME, Holder(ME.instance, "boot-1")])
async def test_what_was_given_up_here_is_closed_as_lost(desk: Desk, holder: Holder) -> None:
    work = a_work()
    await desk.take(work, holder)

    finished = [await desk.meet(work) for _ in range(3)]

    assert finished == [False, False, True]
    (owed,) = desk.produced
    attempt = Attempt.decode(owed.value)
    assert attempt.error is not None
    assert attempt.error.kind == "lost"
    assert attempt.dispatch == work.dispatch


async def test_while_another_dispatch_carries_on_its_response_is_waited_for_without_a_slot(desk: Desk) -> None:
    work = a_work(reply_partition=3)
    await desk.take(work, OTHER, decision_id="other")

    with pytest.raises(TransientError, match="another record"):
        await desk.meet(work)
    waiting = list(desk.produced)
    await desk.answer(work, at=Position("responses", 2, 5))

    assert await desk.meet(work)
    assert desk.aside == [work.record.position]
    assert waiting == []
    assert [(one.value, one.partition) for one in desk.produced] == [(b"owed", 3)]


async def test_whoever_listened_where_the_response_went_is_not_told_twice(desk: Desk) -> None:
    work = a_work(reply_partition=2)
    await desk.take(work, OTHER, decision_id="other")
    await desk.answer(work, at=Position("responses", 2, 5), appended_at=work.dispatch.accepted.accepted_at + 1)

    assert await desk.meet(work)

    assert desk.produced == []


async def test_whoever_waits_for_another_dispatch_is_told_when_the_deadline_has_passed(desk: Desk) -> None:
    work = a_work()
    await desk.take(work, OTHER, decision_id="other")
    desk.now = work.dispatch.deadline

    assert await desk.meet(work)

    refusal = Response.decode(desk.produced[0].value)
    assert (refusal.status, refusal.origin, refusal.decision_id) == ("refused", work.dispatch.accepted.origin, None)
    assert refusal.error is not None
    assert refusal.error.kind == "deadline"


async def test_the_response_of_another_dispatch_is_repeated_while_it_is_kept(desk: Desk) -> None:
    work = a_work()
    await desk.take(work, OTHER, decision_id="other")
    await desk.answer(work, at=Position("responses", 2, 5))

    kept = await desk.meet(work)
    desk.kept.clear()
    expired = await desk.meet(work)

    assert (kept, expired) == (True, True)
    assert desk.produced[0].value == b"owed"
    assert desk.produced[0].partition == work.reply
    refusal = Response.decode(desk.produced[1].value)
    assert (refusal.status, refusal.origin) == ("refused", work.dispatch.accepted.origin)
    assert refusal.error is not None
    assert refusal.error.kind == "expired"


async def test_a_response_that_waits_in_another_attempts_outbox_goes_to_both_who_asked(desk: Desk) -> None:
    work = a_work(reply_partition=3)
    await desk.take(work, OTHER, decision_id="other")
    await desk.claims.close(work.key, "other", OTHER, ClaimState.FAILED, ())
    second = work.key._replace(attempt=2)
    await desk.claims.take(second, work.content_hash, "another", OTHER)
    await desk.claims.close(second, "another", OTHER, ClaimState.ANSWERED, OWED)
    desk.kept[Position("responses", 0, 7)] = Record(Position("responses", 0, 7), b"owed", 90.0)

    finished = [await desk.meet(work), await desk.meet(work)]

    assert finished == [False, True]
    assert [(one.value, one.partition) for one in desk.produced] == [(b"owed", 0), (b"owed", 3)]


async def test_a_claim_taken_while_postgres_did_not_say_so_is_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    work = a_work()
    take = desk.claims.take

    async def take_unheard(*asked: object) -> None:
        await take(*asked)  # type: ignore[arg-type]
        raise TransientError("the connection broke after the commit")

    monkeypatch.setattr(desk.claims, "take", take_unheard)
    with pytest.raises(TransientError):
        await desk.claiming.take(work)
    monkeypatch.undo()

    assert await desk.claiming.take(work) is None


@pytest.mark.parametrize("made", [True, False])
async def test_what_was_called_without_a_claim_is_kept_once_postgres_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    work, take = a_work(), desk.claims.take
    claiming = Claiming(desk.claims, Leases(desk.claims, ME), Metrics(), best_effort=True)

    async def take_unheard(*asked: object) -> None:
        if made:
            await take(*asked)  # type: ignore[arg-type]
        raise TransientError("the connection broke")

    monkeypatch.setattr(desk.claims, "take", take_unheard)
    assert await claiming.take(work) is None
    monkeypatch.undo()
    assert await claiming.close(work, ClaimState.ANSWERED, OWED)
    await claiming.emptied(work.key, Position("responses", 0, 7))

    claim = await desk.claims.get(work.key)
    assert claim is not None
    assert (claim.state, claim.outbox, claim.response_at) == (ClaimState.ANSWERED, (), Position("responses", 0, 7))


async def test_a_call_without_a_claim_leaves_anothers_claim_as_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = a_work()
    claiming = Claiming(desk.claims, Leases(desk.claims, ME), Metrics(), best_effort=True)

    async def away(*_: object) -> None:
        raise TransientError("Postgres is away")

    monkeypatch.setattr(desk.claims, "take", away)
    assert await claiming.take(work) is None
    monkeypatch.undo()
    await desk.take(work, OTHER, decision_id="other")
    await desk.claims.close(work.key, "other", OTHER, ClaimState.ANSWERED, OWED)
    assert await claiming.close(work, ClaimState.FAILED, ())
    await claiming.emptied(work.key, None)

    claim = await desk.claims.get(work.key)
    assert claim is not None
    assert (claim.state, claim.outbox) == (ClaimState.ANSWERED, OWED)
