"""What a membership hands out, and what it leaves to the next owner."""

import asyncio

from shared.stream.admin import committed_offsets
from shared.stream.membership import Membership
from shared.stream.offsets import Place
from shared.stream.records import Record
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, until


async def test_what_comes_while_a_stop_drains_is_left_to_the_next_owner(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    place = (source.name, 0)
    taken: list[Record] = []

    async def fetch_one_more(owned: frozenset[Place]) -> None:
        """The work below has asked already, and waits."""
        await bench.producer(numbered(source, [1]))
        await until(lambda: member.consumer.highwater(place) == 2)
        await asyncio.wait([asking], timeout=10)

    async def work() -> None:
        nonlocal asking
        while True:
            asking = asyncio.create_task(member.take(member.owned, 60 if member.owned else 0.1, 10))
            records = await asking
            taken.extend(records)
            member.finish([record.position for record in records])

    asking: asyncio.Task[list[Record]]
    member = Membership(bench.settings(source), bench.metrics, bench.clock, fetch_one_more)
    running = asyncio.create_task(member.run(work))
    await bench.producer(numbered(source, [0]))
    await until(lambda: len(taken) == 1)
    await member.stop()
    await running

    assert [record.value for record in taken] == [b"0"]
    assert await committed_offsets(bench.kafka, f"group-{source.name}", source.name) == {0: 1}
