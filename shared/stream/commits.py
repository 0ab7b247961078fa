"""Commits of one membership: only what has changed, and a failed one is made good by the next."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from shared.logs import get
from shared.stream.offsets import Place

_log = get(__name__)
#: A commit that takes longer is given up: its records are read again at worst.
_TIMEOUT_S = 2.0


class Commits:
    """Remembers what was committed in this assignment."""

    def __init__(self, lane: str) -> None:
        self._lane = lane
        self._made: dict[Place, int] = {}

    async def make(self, consumer: AIOKafkaConsumer, offsets: dict[Place, int]) -> None:
        changed = {place: offset for place, offset in offsets.items() if self._made.get(place) != offset}
        if not changed:
            return
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await consumer.commit({TopicPartition(*place): offset for place, offset in changed.items()})
        except (CommitFailedError, IllegalStateError, TimeoutError) as error:
            # The group has moved on, or the broker is away: the next commit or owner makes it good.
            _log.warning("commit failed", lane=self._lane, error=repr(error))
        else:
            self._made |= changed

    def forget(self) -> None:
        """The assignment is over."""
        self._made = {}
