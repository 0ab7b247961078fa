"""How lanes name themselves in their group."""

from shared.stream.lane import member_id


def test_each_llm_orders_the_executors_differently() -> None:
    executors = [f"executor-{number}" for number in range(4)]

    first = {min(member_id(llm, executor) for executor in executors)[9:] for llm in ("a", "b", "c", "d", "e", "f")}

    assert len(first) > 1
