"""What may be committed never passes a record that is unfinished."""

from hypothesis import given
from hypothesis import strategies as st

from shared.stream.offsets import Offsets
from shared.stream.records import Position

#: Offsets as a compacted topic has them: rising, with gaps; and in which order they are finished.
READ = st.sets(st.integers(0, 60), min_size=1).map(sorted)


def at(offset: int) -> Position:
    return Position("queries", 0, offset)


def reading(offsets: list[int]) -> Offsets:
    tracked = Offsets()
    for offset in offsets:
        tracked.read(at(offset))
    return tracked


@given(READ, st.data())
def test_committable_is_the_smallest_unfinished_or_the_next_to_read(offsets: list[int], data: st.DataObject) -> None:
    tracked = reading(offsets)
    order = data.draw(st.permutations(offsets))
    finishing = order[: data.draw(st.integers(0, len(order)))]

    for offset in finishing:
        assert tracked.finish(at(offset))

    unfinished = set(offsets) - set(finishing)
    expected = min(unfinished) if unfinished else offsets[-1] + 1
    assert tracked.committable() == {("queries", 0): expected}
    assert tracked.unfinished() == len(unfinished)
    assert all(tracked.holds(at(offset)) == (offset in unfinished) for offset in range(62))


@given(READ, st.lists(st.integers(-5, 70)))
def test_finishing_twice_or_what_was_not_read_moves_nothing_too_far(offsets: list[int], finishing: list[int]) -> None:
    tracked = reading(offsets)

    for offset in finishing * 2:
        tracked.finish(at(offset))

    unfinished = set(offsets) - set(finishing)
    assert tracked.committable()["queries", 0] == (min(unfinished) if unfinished else offsets[-1] + 1)


def test_the_start_is_committable_before_the_first_record() -> None:
    offsets = Offsets()

    offsets.begin(("queries", 0), 17)

    assert offsets.committable() == {("queries", 0): 17}
    assert offsets.next(("queries", 0)) == 17


def test_a_start_learned_late_does_not_move_what_was_read() -> None:
    offsets = reading([3, 4])

    offsets.begin(("queries", 0), 5)

    assert offsets.committable() == {("queries", 0): 3}


def test_partitions_do_not_hold_each_other_up() -> None:
    offsets = Offsets()
    offsets.read(Position("queries", 0, 1))
    offsets.read(Position("queries", 1, 1))

    offsets.finish(Position("queries", 1, 1))

    assert offsets.committable() == {("queries", 0): 1, ("queries", 1): 2}
