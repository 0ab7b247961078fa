"""One outcome per query, at most one paid call per attempt: the claims of protocol 3.

Every method is one transaction and safe to repeat after a TransientError.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Double, and_, cast, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.engine import Database
from shared.database.outbox import pack, unpack
from shared.database.tables import ClaimRow
from shared.stream.records import Outgoing, Position
from shared.topics import RESPONSES

LEASE_S = 15.0


class ClaimKey(NamedTuple):
    """An attempt; without its number, the identity of a query."""

    tenant: str
    query_id: str
    attempt: int


class Holder(NamedTuple):
    """A process: its name, and an id that is new at each of its starts."""

    instance: str
    boot_id: str


class ClaimState(StrEnum):
    RUNNING = "running"
    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """One row as it was read; times are differences on the database's clock."""

    key: ClaimKey
    content_hash: str
    decision_id: str
    state: ClaimState
    holder: Holder
    lease_expired: bool
    #: Negative once expired.
    lease_left_s: float
    #: What must still be produced; empty once it was.
    outbox: tuple[Outgoing, ...]
    #: Where the response lies, once produced.
    response_at: Position | None

    @property
    def has_response(self) -> bool:
        """Whether this attempt ended the query: its response was produced, or waits in the outbox."""
        return self.response_at is not None or any(record.topic == RESPONSES.name for record in self.outbox)


class Claims:
    """The table `claims`, by compare-and-set."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, key: ClaimKey, content_hash: str, decision_id: str, holder: Holder) -> Claim | None:
        """None when the attempt is now ours, running, with a full lease; else the claim that is there.

        After a TransientError the repetition may find the first try's own claim: running, this holder's, and no
        call of it in this process. It is ours to call.
        """
        return await self._insert(key, content_hash, decision_id, holder, ClaimState.RUNNING, ())

    async def close_unclaimed(
        self,
        key: ClaimKey,
        content_hash: str,
        decision_id: str,
        holder: Holder,
        state: ClaimState,
        outbox: Sequence[Outgoing],
    ) -> Claim | None:
        """None when an attempt that nobody claimed is now closed; else the claim that is there."""
        return await self._insert(key, content_hash, decision_id, holder, state, outbox)

    async def get(self, key: ClaimKey) -> Claim | None:
        async with self._database.session() as session:
            return await _read(session, key)

    async def renew(self, keys: Collection[ClaimKey], holder: Holder) -> frozenset[ClaimKey]:
        """Those of the attempts that are still running and ours, their leases full again."""
        if not keys:
            return frozenset()
        statement = (
            update(ClaimRow)
            .where(tuple_(*_KEY).in_(list(keys)), ClaimRow.state == ClaimState.RUNNING, _held_by(holder))
            .values(lease_until=_lease())
            .returning(*_KEY)
        )
        async with self._database.session() as session:
            renewed = (await session.execute(statement)).all()
            await session.commit()
        return frozenset(ClaimKey(*row) for row in renewed)

    async def close(
        self, key: ClaimKey, decision_id: str, holder: Holder, state: ClaimState, outbox: Sequence[Outgoing]
    ) -> bool:
        """Whether the running attempt was ours to close; if not, its outcome belongs to somebody else."""
        running = and_(ClaimRow.decision_id == decision_id, _held_by(holder), ClaimRow.state == ClaimState.RUNNING)
        return await self._close(key, decision_id, running, holder, state, outbox)

    async def close_expired(self, claim: Claim, holder: Holder, outbox: Sequence[Outgoing]) -> bool:
        """Whether this running attempt, its lease expired or left by our own earlier life, is now closed as lost."""
        ours_before = and_(ClaimRow.instance == holder.instance, ClaimRow.boot_id != holder.boot_id)
        abandoned = and_(
            ClaimRow.decision_id == claim.decision_id,
            _held_by(claim.holder),
            ClaimRow.state == ClaimState.RUNNING,
            or_(ClaimRow.lease_until < func.clock_timestamp(), ours_before),
        )
        return await self._close(claim.key, claim.decision_id, abandoned, holder, ClaimState.LOST, outbox)

    async def emptied(self, key: ClaimKey, response: Position | None) -> None:
        """The outbox was produced and acknowledged; keep where the response lies, if there was one."""
        values: dict[str, object] = {"outbox": None}
        if response is not None:
            values |= {
                "response_topic": response.topic,
                "response_partition": response.partition,
                "response_offset": response.offset,
            }
        statement = update(ClaimRow).where(_is(key), ClaimRow.state != ClaimState.RUNNING).values(values)
        async with self._database.session() as session:
            await session.execute(statement)
            await session.commit()

    async def response_of(self, tenant: str, query_id: str) -> Claim | None:
        """The closed claim whose attempt ended the query; None while it has no response."""
        async with self._database.session() as session:
            found = await claims_of(session, tenant, query_id)
        return next((claim for claim in found if claim.has_response), None)

    async def purge(self, older_than_s: float) -> None:
        """Forget attempts claimed longer ago than this."""
        age = func.now() - timedelta(seconds=older_than_s)
        async with self._database.long_session() as session:
            await session.execute(delete(ClaimRow).where(ClaimRow.claimed_at < age))
            await session.commit()

    async def _insert(
        self,
        key: ClaimKey,
        content_hash: str,
        decision_id: str,
        holder: Holder,
        state: ClaimState,
        outbox: Sequence[Outgoing],
    ) -> Claim | None:
        statement = (
            insert(ClaimRow)
            .values(
                **key._asdict(),
                content_hash=content_hash,
                decision_id=decision_id,
                state=state,
                **holder._asdict(),
                lease_until=_lease(),
                outbox=pack(outbox),
            )
            .on_conflict_do_nothing()
            .returning(ClaimRow.attempt)
        )
        async with self._database.session() as session:
            while (await session.execute(statement)).first() is None:
                there = await _read(session, key)
                if there is not None:  # else it was purged in between
                    return there
            await session.commit()
        return None

    async def _close(
        self,
        key: ClaimKey,
        decision_id: str,
        open_for_us: ColumnElement[bool],
        holder: Holder,
        state: ClaimState,
        outbox: Sequence[Outgoing],
    ) -> bool:
        packed = pack(outbox)
        # A commit whose acknowledgement was lost is repeated by the caller, and must succeed again.
        done_before = and_(
            ClaimRow.decision_id == decision_id,
            _held_by(holder),
            ClaimRow.state == state,
            ClaimRow.outbox.is_not_distinct_from(packed),
        )
        statement = (
            update(ClaimRow)
            .where(_is(key), or_(open_for_us, done_before))
            .values(state=state, **holder._asdict(), outbox=packed)
            .returning(ClaimRow.attempt)
        )
        async with self._database.session() as session:
            closed = (await session.execute(statement)).first()
            await session.commit()
        return closed is not None


_KEY = (ClaimRow.tenant, ClaimRow.query_id, ClaimRow.attempt)
_LEFT_S = cast(func.extract("epoch", ClaimRow.lease_until - func.clock_timestamp()), Double)


async def claims_of(session: AsyncSession, tenant: str, query_id: str) -> list[Claim]:
    """All attempts of a query, the first one first."""
    statement = (
        select(ClaimRow, _LEFT_S)
        .where(ClaimRow.tenant == tenant, ClaimRow.query_id == query_id)
        .order_by(ClaimRow.attempt)
    )
    return [_claim(row, left_s) for row, left_s in await session.execute(statement)]


async def _read(session: AsyncSession, key: ClaimKey) -> Claim | None:
    row = (await session.execute(select(ClaimRow, _LEFT_S).where(_is(key)))).first()
    return None if row is None else _claim(*row)


def _claim(row: ClaimRow, left_s: float) -> Claim:
    return Claim(
        key=ClaimKey(row.tenant, row.query_id, row.attempt),
        content_hash=row.content_hash,
        decision_id=row.decision_id,
        state=ClaimState(row.state),
        holder=Holder(row.instance, row.boot_id),
        lease_expired=left_s < 0,
        lease_left_s=left_s,
        outbox=unpack(row.outbox),
        response_at=_position(row),
    )


def _position(row: ClaimRow) -> Position | None:
    if row.response_topic is None or row.response_partition is None or row.response_offset is None:
        return None
    return Position(row.response_topic, row.response_partition, row.response_offset)


def _is(key: ClaimKey) -> ColumnElement[bool]:
    return and_(ClaimRow.tenant == key.tenant, ClaimRow.query_id == key.query_id, ClaimRow.attempt == key.attempt)


def _held_by(holder: Holder) -> ColumnElement[bool]:
    return and_(ClaimRow.instance == holder.instance, ClaimRow.boot_id == holder.boot_id)


def _lease() -> ColumnElement[object]:
    return func.clock_timestamp() + timedelta(seconds=LEASE_S)
