"""The queue of one LLM: so many calls at a time, the others first come first served."""

from asyncio import CancelledError, Future, get_running_loop
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """A fair semaphore whose size may change while calls run and wait."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._waiting: deque[Future[None]] = deque()
        self.running = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def resize(self, count: int) -> None:
        """Allow so many calls at a time from now on; those that run are not interrupted."""
        self._count = count
        self._wake()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it."""
        await self._take()
        try:
            yield
        finally:
            self._give()

    async def _take(self) -> None:
        turn: Future[None] = get_running_loop().create_future()
        self._waiting.append(turn)
        self._wake()
        try:
            await turn
        except CancelledError:
            if turn.cancelled():
                self._waiting.remove(turn)
            else:
                self._give()
            raise

    def _give(self) -> None:
        self.running -= 1
        self._wake()

    def _wake(self) -> None:
        """Give free slots to those who waited longest; whoever gave up removes themself."""
        while self._waiting and self.running < self._count:
            turn = self._waiting.popleft()
            if not turn.cancelled():
                self.running += 1
                turn.set_result(None)
