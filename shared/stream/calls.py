"""Slow calls in flight. They belong to the process: a lane that is rebuilt finds those of the one before it."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass

from shared.stream.records import Position, Record

#: Records kept in memory without a slot; more of them hold theirs.
_MOST_ASIDE = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One record being handled; the task's result says whether the record is finished."""

    record: Record
    task: asyncio.Task[bool]
    started_at: float


class Calls:
    """At most one call per record."""

    def __init__(self) -> None:
        self._calls: dict[Position, Call] = {}
        self._by_number: Counter[int] = Counter()
        self._aside: set[Position] = set()

    def start(self, record: Record, handling: Coroutine[None, None, bool]) -> Call:
        call = Call(record, asyncio.create_task(handling), time.monotonic())
        self._calls[record.position] = call
        self._by_number[record.position.partition] += 1
        call.task.add_done_callback(lambda _: self._end(record.position))
        return call

    def stand_aside(self, position: Position) -> None:
        """From now on this call only waits for another's end and takes no slot, while few do so."""
        if position in self._calls and position not in self._aside and len(self._aside) < _MOST_ASIDE:
            self._aside.add(position)
            self._by_number[position.partition] -= 1

    def _end(self, position: Position) -> None:
        del self._calls[position]
        if position in self._aside:
            self._aside.discard(position)
        else:
            self._by_number[position.partition] -= 1

    def find(self, position: Position) -> Call | None:
        return self._calls.get(position)

    def running(self, number: int) -> int:
        """How many run of this partition number, whatever their topic; those that stand aside do not."""
        return self._by_number[number]

    def records(self, topic: str, partition: int) -> tuple[Record, ...]:
        """The records in flight of one partition."""
        records = (call.record for call in self._calls.values())
        return tuple(one for one in records if one.position[:2] == (topic, partition))

    def oldest_s(self) -> float:
        """Age of the longest call; 0 without one."""
        started_at = min((call.started_at for call in self._calls.values()), default=time.monotonic())
        return time.monotonic() - started_at

    async def drain(self, drain_s: float) -> None:
        """Wait for all, at most `drain_s`; then cancel the rest and wait for their ends."""
        tasks = {call.task for call in self._calls.values()}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=drain_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=10)
