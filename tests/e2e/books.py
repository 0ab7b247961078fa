"""What Postgres says happened: claims and the routing log, read with plain SQL as an auditor would."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


class Books:
    """Reads the fleet's database."""

    def __init__(self, url: str) -> None:
        # The database is killed meanwhile: no connection outlives its question.
        self._engine = create_async_engine(url, poolclass=NullPool)

    async def close(self) -> None:
        await self._engine.dispose()

    async def running(self, instance: str) -> int:
        """Attempts that this executor had begun and not ended."""
        [count] = await self._column(
            "select count(*) from claims where instance = :instance and state = 'running'", instance=instance
        )
        assert isinstance(count, int)
        return count

    async def until_logged(self, decisions: Sequence[str], patience_s: float) -> None:
        """Return when each decision has its receipt and its answered attempt in the log."""
        wanted = set(decisions)
        try:
            async with asyncio.timeout(patience_s):
                while wanted - await self._logged():
                    await asyncio.sleep(0.5)
        except TimeoutError:
            missing = wanted - await self._logged()
            raise AssertionError(f"{len(missing)} of {len(wanted)} answers are not in the routing log") from None

    async def _logged(self) -> set[str]:
        found = await self._column(
            "select decision_id from routing_log r join attempts a using (tenant, query_id, decision_id) "
            "where a.event = 'answered'"
        )
        return {str(decision_id) for decision_id in found}

    async def answered_twice(self) -> list[object]:
        """Queries with more than one answered attempt."""
        return await self._column(
            "select query_id from attempts where event = 'answered' group by tenant, query_id having count(*) > 1"
        )

    async def _column(self, statement: str, **values: str) -> list[object]:
        async with self._engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).scalars())
