"""Opens the database when the first query ends here.

SQLAlchemy and psycopg take 30 MB, which a replica that only dispatches does without; so closing.py, the one module of
this service that needs them, is imported then, in a thread, as nothing may block the loop.
"""

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from services.decision.ending import Ending
from services.decision.settings import DecisionSettings
from shared.messages import Response
from shared.metrics import Metrics
from shared.stream.handlers import Produce
from shared.stream.recall import read_at

if TYPE_CHECKING:
    from services.decision.closing import Closing
    from shared.database.engine import Database


class LateClosing:
    """Implements the Close port."""

    def __init__(self, settings: DecisionSettings, produce: Produce, metrics: Metrics) -> None:
        self._settings = settings
        self._produce = produce
        self._metrics = metrics
        self._boot_id = uuid4().hex
        self._opening = asyncio.Lock()
        self._closing: Closing | None = None
        self._database: Database | None = None

    async def __call__(self, ending: Ending, now: float) -> None:
        async with self._opening:
            if self._closing is None:
                self._closing = await asyncio.to_thread(self._open)
        await self._closing(ending, now)
        self._count(ending.response)

    def _count(self, response: Response) -> None:
        if response.error is not None:
            ended = self._metrics.refused if response.status == "refused" else self._metrics.failed
            ended.labels(response.error.kind).inc()

    async def stop(self) -> None:
        if self._database is not None:
            await self._database.close()

    def _open(self) -> "Closing":
        from services.decision.closing import Closing
        from shared.database.claims import Claims, Holder
        from shared.database.engine import Database

        settings = self._settings
        self._database = Database(settings.postgres, settings.postgres_password_file, settings.postgres_statement_s)
        holder = Holder(settings.instance, self._boot_id)
        return Closing(
            Claims(self._database),
            self._produce,
            holder,
            lambda at: read_at(settings.kafka, at),
            settings.home_partitions,
        )
