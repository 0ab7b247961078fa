"""Keeps the database in order: months of the log, feedback on its way to its query, claims too old to matter."""

from datetime import UTC, datetime

from shared.database.claims import Claims
from shared.database.engine import Database
from shared.database.locks import try_lock
from shared.database.log import count_waiting_feedback, give_up_feedback, settle_feedback
from shared.database.partitions import ensure_partitions
from shared.database.rows import Said
from shared.errors import PermanentError
from shared.metrics import Metrics
from shared.stream.dead import Cemetery
from shared.stream.handlers import Produce
from shared.stream.records import Record


class Upkeep:
    """Each call is safe to repeat, and to run in every trainer."""

    def __init__(self, database: Database, produce: Produce, cemetery: Cemetery, metrics: Metrics) -> None:
        self._database = database
        self._produce = produce
        self._cemetery = cemetery
        self._metrics = metrics

    async def make_partitions(self) -> None:
        async with self._database.long_session() as session:
            await ensure_partitions(session, datetime.now(UTC))
            await session.commit()

    async def purge_claims(self, older_than_s: float) -> None:
        await Claims(self._database).purge(older_than_s)

    async def settle_feedback(self, wait_s: float) -> None:
        """Give feedback to its query; that which waited in vain becomes a dead letter."""
        async with self._database.long_session() as session:
            if not await try_lock(session, "settle feedback"):
                return
            await settle_feedback(session)
            for said in await give_up_feedback(session, wait_s):
                unknown = PermanentError(f"expected feedback on a query of the log, none came within {wait_s:.0f} s")
                await self._produce(self._cemetery.bury(_record(said), unknown))
            self._metrics.waiting_feedback.set(await count_waiting_feedback(session))
            await session.commit()


def _record(said: Said) -> Record:
    return Record(said.position, said.feedback.encode(), said.at)
