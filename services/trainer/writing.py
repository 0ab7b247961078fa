"""Makes records durable: in Postgres, or as dead letters."""

from collections import Counter
from collections.abc import Sequence

from services.trainer.handler import Kept, sort
from shared.database.engine import Database
from shared.database.log import record_attempts, record_feedback, record_receipts
from shared.errors import PermanentError
from shared.metrics import Metrics
from shared.stream.dead import Cemetery
from shared.stream.handlers import Produce
from shared.stream.records import Record
from shared.stream.retry import Retry


class Writer:
    """Writes batches; while Postgres or Kafka is away it waits."""

    def __init__(
        self, database: Database, produce: Produce, cemetery: Cemetery, metrics: Metrics, *, store_text: bool
    ) -> None:
        self._database = database
        self._produce = produce
        self._cemetery = cemetery
        self._metrics = metrics
        self._store_text = store_text
        self._retry = Retry(metrics)

    async def write(self, records: Sequence[Record]) -> None:
        """Return when every record is in the log or dead-lettered; repeating it changes nothing."""
        refused = await self._insert(records)
        letters = [letter for record, error in refused for letter in self._cemetery.bury(record, error)]
        await self._retry("dead letters", lambda: self._produce(letters))
        for topic, count in Counter(record.position.topic for record in records).items():
            self._metrics.records.labels(topic).inc(count)

    async def _insert(self, records: Sequence[Record]) -> list[tuple[Record, PermanentError]]:
        """Write in one transaction, or one by one when that cannot succeed; those that cannot alone are returned."""
        kept = sort(records, store_text=self._store_text)
        try:
            await self._retry("routing log", lambda: self._commit(kept))
        except PermanentError as error:
            if len(records) == 1:
                return [(records[0], error)]
            return [refused for record in records for refused in await self._insert([record])]
        return kept.refused

    async def _commit(self, kept: Kept) -> None:
        async with self._database.session() as session:
            await record_receipts(session, kept.receipts)
            await record_attempts(session, kept.attempts)
            await record_feedback(session, kept.said)
            await session.commit()
        for table, rows in (("routing_log", kept.receipts), ("attempts", kept.attempts), ("feedback", kept.said)):
            self._metrics.recorded.labels(table).inc(len(rows))
