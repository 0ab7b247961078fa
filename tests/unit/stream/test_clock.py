"""The broker's clock is known within the bounds its acknowledgements give."""

from hypothesis import given
from hypothesis import strategies as st

from shared.stream.clock import BrokerClock


def test_before_the_first_acknowledgement_it_is_this_clock() -> None:
    assert BrokerClock(local=lambda: 42.0).now() == 42.0


@given(
    distance=st.floats(-1e6, 1e6),
    trips=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1),
)
def test_the_error_is_at_most_half_the_best_round_trip(distance: float, trips: list[tuple[float, float]]) -> None:
    clock = BrokerClock(local=lambda: 0.0)

    for number, (there_s, back_s) in enumerate(trips):
        sent_at = 20.0 * number
        clock.learn(sent_at + there_s + distance, sent_at, sent_at + there_s + back_s)

    best_s = min(there_s + back_s for there_s, back_s in trips)
    assert abs(clock.offset_s - distance) <= best_s / 2 + 0.002


def test_a_clock_that_is_set_is_learned_anew_from_one_acknowledgement() -> None:
    clock = BrokerClock(local=lambda: 0.0)
    clock.learn(appended_at=100.0, sent_at=0.0, received_at=0.001)

    clock.learn(appended_at=50.0, sent_at=10.0, received_at=10.1)

    assert abs(clock.offset_s - 39.95) < 0.01
