"""Every propensity in the log is the true probability of what was chosen."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.routing.exploration import argmax, choose, propensities
from tests.unit.routing.offers import a_number

scores = st.lists(a_number(-5, 5), min_size=1, max_size=13)


@given(scores, a_number(0, 1))
def test_propensities_sum_to_one_and_leave_everyone_a_share(values: list[float], exploration: float) -> None:
    shares = propensities(values, exploration)

    assert sum(shares) == pytest.approx(1)
    assert all(share >= exploration / len(values) for share in shares)


@given(scores, a_number(0, 1), st.floats(0, 1, exclude_max=True))
def test_the_propensity_is_that_of_the_one_chosen(values: list[float], exploration: float, draw: float) -> None:
    choice = choose(values, exploration, draw)

    assert choice.propensity == propensities(values, exploration)[choice.index]
    assert choice.explored == (draw < exploration)


@given(scores, st.floats(0, 1, exclude_max=True))
def test_without_exploration_the_best_is_certain(values: list[float], draw: float) -> None:
    choice = choose(values, 0.0, draw)

    assert (choice.index, choice.propensity, choice.explored) == (argmax(values), 1.0, False)


def test_a_draw_that_falls_on_the_best_is_marked_and_has_the_bests_propensity() -> None:
    choice = choose([0.9, 0.1], exploration=0.5, draw=0.1)

    assert (choice.index, choice.propensity, choice.explored) == (0, 0.75, True)


def test_frequencies_are_the_propensities() -> None:
    random = Random(7)
    values, exploration, rounds = [0.2, 0.9, 0.5, 0.1], 0.3, 20_000

    taken = Counter(choose(values, exploration, random.random()).index for _ in range(rounds))

    for index, share in enumerate(propensities(values, exploration)):
        assert taken[index] / rounds == pytest.approx(share, abs=0.01)


def test_of_equals_the_first_is_the_best() -> None:
    assert choose([1.0, 1.0], 0.0, 0.5).index == 0
