"""The connection to Postgres; the one place where its errors become ours."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from shared.errors import PermanentError, TransientError

#: A server that stops answering is noticed after this long, seconds.
_SILENCE_S = 10
#: A statement that takes longer is given up, seconds: less than a lease, or what hangs would lose its claims.
STATEMENT_S = 10.0


class Database:
    """A small pool of connections; a process makes one and closes it, or uses it as `async with Database(url)`.

    Parameters in the URL's query, as libpq names them, go before those set here.
    """

    def __init__(self, url: str, password_file: Path | None = None, statement_s: float = STATEMENT_S) -> None:
        self._engine = _engine(url, password_file, statement_s)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session whose caller commits; without a commit nothing happened.

        Raises TransientError when Postgres is away or a statement takes too long (a commit may then have happened or
        not, so everything done here must be safe to do again), PermanentError when it will never take these values.
        """
        with _our_errors():
            async with self._sessions() as session:
                yield session

    @asynccontextmanager
    async def long_session(self) -> AsyncIterator[AsyncSession]:
        """A session whose statements may take as long as they need, up to its first commit: migrations, long reads."""
        async with self.session() as session:
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            yield session

    async def close(self) -> None:
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _engine(url: str, password_file: Path | None, statement_s: float) -> AsyncEngine:
    engine = create_async_engine(
        url, pool_pre_ping=True, pool_timeout=_SILENCE_S, connect_args=_connect_args(url, statement_s)
    )
    if password_file is not None:
        _read_password_per_connection(engine, password_file)
    return engine


def _connect_args(url: str, statement_s: float) -> dict[str, Any]:
    """What libpq is told besides the URL.

    >>> _connect_args("postgresql+psycopg://host/db?connect_timeout=3&options=-c%20jit%3Doff", 1.5)["options"]
    '-c statement_timeout=1500 -c jit=off'
    """
    said = make_url(url).query
    own = {
        "connect_timeout": _SILENCE_S,
        "keepalives_idle": _SILENCE_S,
        "keepalives_interval": _SILENCE_S // 5,
        "keepalives_count": 5,
        "tcp_user_timeout": _SILENCE_S * 1000,
    }
    options = f"-c statement_timeout={statement_s * 1000:.0f} {said.get('options', '')}"
    return {name: value for name, value in own.items() if name not in said} | {"options": options.strip()}


def _read_password_per_connection(engine: AsyncEngine, password_file: Path) -> None:
    """A password that is changed while the process runs is used from its next connection on."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def _connect(_dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
        try:
            parameters["password"] = password_file.read_text().strip()
        except OSError as error:
            raise TransientError(f"expected Postgres's password in {password_file}, it is not readable") from error


@contextmanager
def _our_errors() -> Iterator[None]:
    """Errors of the driver as errors of the fleet.

    A schema that does not fit is waited for: no query may be given up because the database was not migrated yet.
    """
    try:
        yield
    except (DataError, IntegrityError) as error:
        raise PermanentError(f"expected values that Postgres takes, it refused them ({_reason(error)})") from error
    except (DBAPIError, PoolTimeout) as error:
        raise TransientError(
            f"expected Postgres to answer, it did not ({_reason(error)}); is it up, with this version's schema?"
        ) from error


def _reason(error: Exception) -> str:
    """The driver's first line, never the statement's parameters: they may be somebody's prompt."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = str(cause).splitlines() or [""]
    return f"{type(cause).__name__}: {lines[0]}"
