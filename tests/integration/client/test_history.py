"""Explaining many queries takes one connection."""

import asyncio

from sqlalchemy import text

from pointsman import Client
from shared.database.engine import Database

_OTHERS = text(
    "SELECT backend_start FROM pg_stat_activity"
    " WHERE datname = current_database() AND client_port IS NOT NULL AND pid != pg_backend_pid()"
)


async def test_a_client_explains_over_one_connection_and_closes_it(broker: str, url: str) -> None:
    async with Database(url) as watcher:
        async with Client(broker, postgres=url) as client:
            seen = set()
            for _ in range(3):
                assert not (await client.explain("unknown")).known
                async with watcher.session() as session:
                    seen |= set(await session.scalars(_OTHERS))

        async with asyncio.timeout(30), watcher.session() as session:
            while list(await session.scalars(_OTHERS)):
                await session.rollback()
                await asyncio.sleep(0.05)

    assert len(seen) == 1
