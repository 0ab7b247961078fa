import socket
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from shared.database.claims import LEASE_S
from shared.database.engine import STATEMENT_S, Database
from shared.errors import TransientError
from shared.settings import FleetSettings


async def test_postgres_away_is_a_transient_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{taken.getsockname()[1]}/none")

        with pytest.raises(TransientError, match="is it up"):
            async with database.session() as session:
                await session.execute(text("SELECT 1"))


async def test_a_connection_that_postgres_ends_is_a_transient_error_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(TransientError):
        async with database.session() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with database.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_the_password_comes_from_a_file(url: str, tmp_path: Path) -> None:
    parts = make_url(url)
    assert isinstance(parts.password, str)
    file = tmp_path / "password"
    file.write_text(parts.password + "\n")
    database = Database(parts.set(password=None).render_as_string(), file)

    async with database.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1

    await database.close()


async def test_a_schema_that_does_not_fit_is_waited_for(database: Database) -> None:
    with pytest.raises(TransientError, match="schema"):
        async with database.session() as session:
            await session.execute(text("SELECT a_column FROM a_later_table"))


async def test_a_statement_that_hangs_is_a_transient_error_and_the_next_one_works(url: str) -> None:
    async with Database(url, statement_s=0.2) as database:
        with pytest.raises(TransientError, match="statement timeout"):
            async with database.session() as session:
                await session.execute(text("SELECT pg_sleep(30)"))

        async with database.session() as session:
            assert await session.scalar(text("SELECT 1")) == 1


async def test_a_long_session_takes_its_time_and_leaves_the_next_one_its_limit(url: str) -> None:
    async with Database(url, statement_s=0.2) as database:
        async with database.long_session() as session:
            await session.execute(text("SELECT pg_sleep(0.5)"))
            await session.commit()

        async with database.session() as session:
            assert await session.scalar(text("SHOW statement_timeout")) == "200ms"


async def test_every_database_has_a_limit_shorter_than_a_lease(database: Database) -> None:
    async with database.session() as session:
        limit_s = await session.scalar(
            text("SELECT setting::int / 1000.0 FROM pg_settings WHERE name = 'statement_timeout'")
        )

    assert limit_s == STATEMENT_S == FleetSettings().postgres_statement_s
    assert limit_s < LEASE_S


async def test_a_password_that_is_not_there_yet_is_waited_for(url: str, tmp_path: Path) -> None:
    database = Database(url, tmp_path / "password")

    with pytest.raises(TransientError, match="password"):
        async with database.session() as session:
            await session.execute(text("SELECT 1"))
