import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database.engine import Database
from shared.database.migrate import check_schema, migrate
from shared.database.partitions import ensure_partitions
from shared.database.tables import LOG_TABLES, Table
from shared.errors import ConfigurationError
from tests.integration.database.conftest import create_database

_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public'
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
_PARTITIONED = "SELECT partrelid::regclass::text, 'partitioned', pg_get_partkeydef(partrelid) FROM pg_partitioned_table"


async def test_declared_schema_equals_migrated_schema(postgres: str, url: str) -> None:
    declared = await create_database(postgres)
    await _create_as_declared(declared)

    assert await _schema(url) == await _schema(declared)


async def test_migrating_twice_at_once_and_again_changes_nothing(postgres: str) -> None:
    url = await create_database(postgres)

    await asyncio.gather(migrate(url), migrate(url))
    before = await _schema(url)
    await migrate(url)

    assert await _schema(url) == before


async def test_a_database_without_the_schema_is_refused_at_start(postgres: str, database: Database) -> None:
    empty = Database(await create_database(postgres))

    await check_schema(database)
    with pytest.raises(ConfigurationError, match="found None"):
        await check_schema(empty)

    await empty.close()


async def test_this_and_the_next_month_have_partitions_also_at_the_end_of_a_year(database: Database) -> None:
    async with database.session() as session:
        await ensure_partitions(session, datetime(2031, 12, 31, 23, 59, tzinfo=UTC))
        await ensure_partitions(session, datetime(2031, 12, 31, 23, 59, tzinfo=UTC))
        names = set(await session.scalars(text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")))

    for table in LOG_TABLES:
        assert {f"{table}_default", f"{table}_2031_12", f"{table}_2032_01"} <= names


async def test_rows_of_a_month_without_partition_move_into_it(database: Database) -> None:
    moment = datetime(2031, 5, 17, tzinfo=UTC)
    where = text("SELECT tableoid::regclass::text FROM feedback")
    async with database.session() as session:
        await session.execute(
            text(
                "INSERT INTO feedback (tenant, query_id, accepted_at, said_at, withdrawn)"
                " VALUES ('t', 'q', :moment, :moment, false)"
            ),
            {"moment": moment},
        )
        before = await session.scalar(where)

        await ensure_partitions(session, moment)

        assert (before, await session.scalar(where)) == ("feedback_default", "feedback_2031_05")


async def _create_as_declared(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    await engine.dispose()


async def _schema(url: str) -> set[tuple[str, ...]]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        schema = await connection.run_sync(_read_schema)
    await engine.dispose()
    return schema


def _read_schema(connection: Connection) -> set[tuple[str, ...]]:
    """Columns, constraints and indexes of the declared tables; partitions repeat those of their parents."""
    rows = {
        tuple(map(str, row))
        for query in (_COLUMNS, _CONSTRAINTS, _INDEXES, _PARTITIONED)
        for row in connection.execute(text(query))
    }
    return {row for row in rows if row[0] in Table.metadata.tables}
