import asyncio

from services.simulator.slots import Slots


class Line:
    """Calls that hold a slot until they are told to end, and the order in which they got it."""

    def __init__(self, count: int) -> None:
        self.slots = Slots(count)
        self.served: list[int] = []
        self._ends: dict[int, asyncio.Event] = {}

    async def join(self, number: int) -> "asyncio.Task[None]":
        self._ends[number] = asyncio.Event()
        call = asyncio.create_task(self._call(number))
        await settle()
        return call

    async def end(self, number: int) -> None:
        self._ends[number].set()
        await settle()

    async def _call(self, number: int) -> None:
        async with self.slots.slot():
            self.served.append(number)
            await self._ends[number].wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_calls_beyond_the_parallelism_wait_first_come_first_served() -> None:
    line = Line(2)
    for number in range(5):
        await line.join(number)
    assert (line.served, line.slots.running, line.slots.waiting) == ([0, 1], 2, 3)

    await line.end(1)
    await line.end(0)

    assert line.served == [0, 1, 2, 3]


async def test_more_slots_are_given_to_those_who_wait() -> None:
    line = Line(1)
    for number in range(4):
        await line.join(number)

    line.slots.resize(3)
    await settle()

    assert line.served == [0, 1, 2]


async def test_fewer_slots_interrupt_nobody_and_admit_nobody_until_enough_have_ended() -> None:
    line = Line(2)
    for number in range(3):
        await line.join(number)
    line.slots.resize(1)

    await line.end(0)
    assert line.served == [0, 1]
    await line.end(1)

    assert line.served == [0, 1, 2]


async def test_a_waiting_call_that_gives_up_leaves_the_queue() -> None:
    line = Line(1)
    calls = [await line.join(number) for number in range(3)]

    calls[1].cancel()
    await settle()
    await line.end(0)

    assert (line.served, line.slots.waiting) == ([0, 2], 0)


async def test_a_call_that_gives_up_as_its_turn_comes_hands_the_slot_on() -> None:
    line = Line(1)
    calls = [await line.join(number) for number in range(3)]

    line._ends[0].set()
    await asyncio.sleep(0)
    calls[1].cancel()
    await settle()

    assert line.served[-1] == 2


async def test_a_running_call_that_gives_up_frees_its_slot() -> None:
    line = Line(1)
    calls = [await line.join(number) for number in range(2)]

    calls[0].cancel()
    await settle()

    assert (line.served, line.slots.running) == ([0, 1], 1)
