"""Pieces of a streamed answer on their way to the user; losing one is no loss, the whole response follows."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from services.executor.pieces import mend
from shared.errors import PointsmanError
from shared.messages import Dispatch, ResponseChunk
from shared.stream.handlers import Produce
from shared.stream.records import Outgoing
from shared.topics import RESPONSE_CHUNKS

#: Pieces that come within this time travel as one.
COALESCE_S = 0.03


class Chunks:
    """Sends what is written, coalesced and in order; the last piece once the attempt has answered."""

    def __init__(self, dispatch: Dispatch, partition: int, headers: Mapping[str, bytes], produce: Produce) -> None:
        self._dispatch = dispatch
        self._partition = partition
        self._headers = headers
        self._produce = produce
        self._seq = 0
        self._texts: list[str] = []
        self._written = asyncio.Event()
        self._stopping = False

    async def __aenter__(self) -> Self:
        self._sending = asyncio.create_task(self._send_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    def write(self, text: str) -> None:
        if text:
            self._texts.append(text)
            self._written.set()

    async def finish(self) -> None:
        """Send what is left, marked as the last piece."""
        await self._stop()
        await self._send(final=True)

    async def _stop(self) -> None:
        """Stop between two pieces, so that none is cut or sent twice."""
        self._stopping = True
        self._written.set()
        await self._sending

    async def _send_all(self) -> None:
        while not self._stopping:
            await self._written.wait()
            await asyncio.sleep(COALESCE_S)
            self._written.clear()
            if self._texts and not self._stopping:
                await self._send(final=False)

    async def _send(self, final: bool) -> None:
        text, self._texts = mend("".join(self._texts)), []
        accepted = self._dispatch.accepted
        chunk = ResponseChunk(
            query_id=accepted.query.query_id,
            tenant=accepted.query.tenant,
            origin=accepted.origin,
            attempt=self._dispatch.attempt,
            seq=self._seq,
            text=text,
            final=final,
        )
        self._seq += 1
        key = accepted.query.query_id.encode()
        with suppress(PointsmanError):
            await self._produce([Outgoing(RESPONSE_CHUNKS.name, chunk.encode(), self._partition, key, self._headers)])
