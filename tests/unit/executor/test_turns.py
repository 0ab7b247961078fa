import asyncio

from services.executor.turns import Turns


async def test_one_key_is_held_by_one_at_a_time_and_forgotten_after() -> None:
    turns = Turns()
    order: list[str] = []

    async def work(name: str, key: str) -> None:
        async with turns.of(key):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    await asyncio.gather(work("a", "k"), work("b", "k"))

    assert order == ["a begins", "a ends", "b begins", "b ends"]
    assert not turns.taken("k")


async def test_other_keys_do_not_wait() -> None:
    turns = Turns()

    async with turns.of("k"), turns.of("other"):
        assert turns.taken("k")
