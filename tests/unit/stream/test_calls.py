"""Who takes a slot."""

import asyncio

from shared.stream.calls import Calls
from shared.stream.records import Position, Record


async def test_a_call_that_stands_aside_gives_its_slot_back_once() -> None:
    calls, ended = Calls(), asyncio.Event()

    async def handling() -> bool:
        return await ended.wait()

    first, second = (
        calls.start(Record(Position("dispatch.small", 1, offset), b"", 0.0), handling()) for offset in (0, 1)
    )
    calls.stand_aside(first.record.position)
    calls.stand_aside(first.record.position)
    aside = calls.running(1)
    ended.set()
    await asyncio.gather(first.task, second.task)
    await asyncio.sleep(0)

    assert (aside, calls.running(1)) == (1, 0)
