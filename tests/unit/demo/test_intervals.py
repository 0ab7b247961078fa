"""The paired bootstrap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pointsman.demo.intervals import paired, ratio


def test_a_known_difference_is_recovered() -> None:
    random = np.random.default_rng(0)
    common = random.normal(size=400)

    low, mean, high = paired(common + random.normal(0.2, 0.5, 400), common)

    assert low < 0.2 < high
    # 1.96 standard errors of 0.5 / sqrt(400) on either side.
    assert np.isclose(high - low, 2 * 1.96 * 0.025, rtol=0.15)
    assert abs(mean - 0.2) < 0.1


def test_the_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)

    covered = [low < 0 < high for low, _, high in (paired(random.normal(size=60), np.zeros(60)) for _ in range(300))]

    assert 0.90 < np.mean(covered) < 0.98


def test_pairs_cancel_what_makes_queries_differ() -> None:
    hard = np.random.default_rng(2).normal(size=300)

    low, _, high = paired(hard + 0.1, hard)

    assert high - low < 1e-9


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_the_mean_lies_within(values: list[float]) -> None:
    low, mean, high = paired(np.array(values), np.zeros(len(values)))

    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert np.isclose(mean, np.mean(values))


def test_a_ratio_of_few_dear_queries_stays_above_nothing() -> None:
    theirs = np.random.default_rng(3).lognormal(0, 2, 60)

    found = ratio(0.05 * theirs * np.random.default_rng(4).lognormal(0, 2, 60), theirs)

    assert found is not None
    assert 0 < found[0] < found[1] < found[2]


def test_nothing_is_a_multiple_of_what_costs_nothing() -> None:
    assert ratio(np.ones(5), np.zeros(5)) is None
