"""One at a time across all processes: advisory locks that end with their transaction."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def lock(session: AsyncSession, name: str) -> None:
    """Wait until nobody else holds this name."""
    await session.execute(select(func.pg_advisory_xact_lock(_number(name))))


async def try_lock(session: AsyncSession, name: str) -> bool:
    """Whether nobody else held this name; now we do."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(_number(name)))))


def _number(name: str) -> ColumnElement[int]:
    return func.hashtextextended(f"pointsman {name}", 0)
