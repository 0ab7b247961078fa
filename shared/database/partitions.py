"""A month of the log is a partition, so that old months can be dropped; a default one, so that nothing is refused."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.locks import lock
from shared.database.tables import LOG_TABLES


async def ensure_partitions(session: AsyncSession, now: datetime) -> None:
    """Make the partitions of this and the next month where they are missing; the caller commits."""
    await lock(session, "log partitions")
    first = date(now.astimezone(UTC).year, now.astimezone(UTC).month, 1)
    for month in (first, _next_month(first)):
        for table in LOG_TABLES:
            name = partition_name(table, month)
            if await session.scalar(select(func.to_regclass(name))) is None:
                for statement in _make(table, name, month):
                    await session.execute(text(statement))


def partition_name(table: str, month: date) -> str:
    """
    >>> partition_name("attempts", date(2026, 1, 1))
    'attempts_2026_01'
    """
    return f"{table}_{month:%Y_%m}"


def _make(table: str, name: str, month: date) -> Iterator[str]:
    """Attached, not created in place: that would lock out readers, and fail where the default has such rows."""
    low, high = f"'{month} 00:00+00'", f"'{_next_month(month)} 00:00+00'"
    within = f"accepted_at >= {low} AND accepted_at < {high}"
    yield f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"
    misplaced = f"DELETE FROM {table}_default WHERE {within} RETURNING *"
    yield f"WITH moved AS ({misplaced}) INSERT INTO {name} SELECT * FROM moved"
    yield f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})"


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
