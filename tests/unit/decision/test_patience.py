"""How long a prediction is waited for."""

import pytest

from services.decision.patience import LONGEST_S, SHORTEST_S, Patience, percentile


def test_an_unknown_llm_is_waited_for_a_quarter_second() -> None:
    assert Patience().awaited_s("a", age_s=0.05) == LONGEST_S == 0.25


def test_three_times_the_p99_of_recent_lateness_is_enough() -> None:
    patience = Patience()
    for _ in range(200):
        patience.arrived("a", 0.02, in_time=True)

    assert patience.awaited_s("a", age_s=0) == pytest.approx(0.06)


def test_patience_has_a_least_and_a_most() -> None:
    patience = Patience()
    for _ in range(10):
        patience.arrived("early", 0.0, in_time=True)
        patience.arrived("slow", 0.2, in_time=True)

    assert patience.awaited_s("early", age_s=0) == SHORTEST_S
    assert patience.awaited_s("slow", age_s=0) == LONGEST_S


def test_only_recent_lateness_counts() -> None:
    patience = Patience()
    for lateness_s in [0.2] * 50 + [0.01] * 200:
        patience.arrived("a", lateness_s, in_time=True)

    assert patience.awaited_s("a", age_s=0) == pytest.approx(0.03)


def test_old_queries_are_given_a_tenth_of_their_age() -> None:
    patience = Patience()

    assert patience.awaited_s("a", age_s=30) == pytest.approx(3)
    assert patience.awaited_s("a", age_s=3000) == 10


def test_an_llm_is_given_up_after_five_misses_in_a_row() -> None:
    patience = Patience()
    for _ in range(4):
        patience.missed("a")
    patience.arrived("a", 0.01, in_time=True)
    for _ in range(4):
        patience.missed("a")
    assert patience.awaited_s("a", age_s=0) is not None

    patience.missed("a")

    assert patience.awaited_s("a", age_s=100) is None


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.99) == 5.0
    assert percentile([5.0, 1.0, 3.0], 0.34) == 3.0
