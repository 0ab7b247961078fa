"""A way to Postgres that can be cut and mended."""

import asyncio
from contextlib import suppress

from sqlalchemy import make_url


class Way:
    """Forwards TCP to the server of an SQLAlchemy URL, until it is cut."""

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        away = self._target.set(host="127.0.0.1", port=self._port, query={})
        return away.render_as_string(hide_password=False)

    async def mend(self) -> None:
        """Let connections through, always at the same port."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break all connections, and take no more."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await self._reach()
        self._writers |= {writer, there_writer}
        with suppress(OSError):
            await asyncio.gather(_forward(reader, there_writer), _forward(there_reader, writer))
        for one in (writer, there_writer):
            one.transport.abort()
            self._writers.discard(one)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._target.host or self._target.query.get("host"), self._target.port or 5432
        if isinstance(host, str) and host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(str(host), port)


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
