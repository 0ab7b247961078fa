"""The leases of this process's calls, renewed by one statement for all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from services.executor.failures import DEADLINE, LOST, Failure
from shared.database.claims import ClaimKey, Claims, Holder

#: A third of a lease: two renewals may fail.
RENEW_S = 5.0


class Lease:
    """One claim this process holds; its call can be cut."""

    def __init__(self) -> None:
        #: Why the call was cut.
        self.cut_with: Failure = DEADLINE
        self._timeout: asyncio.Timeout | None = None

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Cut what runs inside after that long, or when the lease is lost: TimeoutError, `cut_with` says why."""
        async with asyncio.timeout(seconds) as timeout:
            self._timeout = timeout
            try:
                yield
            finally:
                self._timeout = None

    def cut(self, failure: Failure) -> None:
        """End the call in flight, if there is one."""
        if self._timeout is not None and not self._timeout.expired():
            self.cut_with = failure
            self._timeout.reschedule(asyncio.get_running_loop().time())


class Leases:
    """What this process holds."""

    def __init__(self, claims: Claims, holder: Holder) -> None:
        self._claims = claims
        self.holder = holder
        self._held: dict[ClaimKey, Lease] = {}

    @contextmanager
    def hold(self, key: ClaimKey) -> Iterator[Lease]:
        lease = self._held[key] = Lease()
        try:
            yield lease
        finally:
            del self._held[key]

    async def renew(self) -> None:
        """Renew all; a call whose claim somebody else closed is cut, its answer would be discarded."""
        held = dict(self._held)
        still_ours = await self._claims.renew(held.keys(), self.holder)
        for key in held.keys() - still_ours:
            held[key].cut(LOST)
