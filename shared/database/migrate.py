"""Bring a database to the schema of this version, or say that it is not there."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from shared.database.engine import Database
from shared.database.locks import lock
from shared.database.partitions import ensure_partitions
from shared.errors import ConfigurationError


async def migrate(url: str, password_file: Path | None = None) -> None:
    """Create or upgrade all tables; safe to run by many at once, and again."""
    async with Database(url, password_file) as database, database.long_session() as session:
        await lock(session, "migrate")
        await (await session.connection()).run_sync(_upgrade)
        await ensure_partitions(session, datetime.now(UTC))
        await session.commit()


async def check_schema(database: Database) -> None:
    """Raises ConfigurationError unless the database has this version's schema."""
    expected = ScriptDirectory.from_config(_config()).get_current_head()
    async with database.session() as session:
        found = await (await session.connection()).run_sync(_revision)
    if found != expected:
        raise ConfigurationError(
            f"expected schema {expected} in Postgres, found {found}; upgrade it with `python -m shared.ground`"
        )


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
