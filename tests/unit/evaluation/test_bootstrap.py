"""Intervals: the same draws for all routers, and the truth within them as often as they promise."""

import numpy as np

from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.bootstrap import Bootstrap, Reference, interval
from pointsman.evaluation.playing import Played

#: Simulated evaluations, and how many of them may miss: 5 % of 300 is 15, its standard deviation 3.8.
_SIMULATIONS = 300
_MISSES = range(4, 30)
_QUERIES = 200
#: Quality and cost of three LLMs, the last the reference; what a router of one point each would make of them.
_QUALITY = np.array([0.5, 0.7, 0.8])
_COST = np.array([0.1, 0.4, 1.0])


def test_a_router_is_surely_as_good_as_itself() -> None:
    bootstrap = Bootstrap(Reference(np.ones(50), np.ones(50)), samples=100)
    outcomes = np.random.default_rng(0).random((3, 50))
    played = Played(np.arange(3.0), outcomes, outcomes)

    one, other = bootstrap.score(played), bootstrap.score(played)

    assert not (one.samples.area - other.samples.area).any()


def test_ratios_are_to_the_reference_on_the_same_draw() -> None:
    random = np.random.default_rng(0)
    quality, cost = random.random(80), random.random(80)
    bootstrap = Bootstrap(Reference(quality, cost), samples=200)

    scored = bootstrap.score(Played(np.zeros(1), quality[None], cost[None]))

    np.testing.assert_allclose(scored.samples.max_quality_ratio, 1.0)
    np.testing.assert_allclose(scored.samples.cost_share_at_quality_ratio[1.0], 1.0)


def test_settings_that_choose_alike_are_one_point() -> None:
    bootstrap = Bootstrap(Reference(np.ones(40), np.ones(40)), samples=50)
    outcomes = np.random.default_rng(0).random((2, 40))
    once = Played(np.arange(2.0), outcomes, outcomes)
    twice = Played(np.arange(4.0), np.repeat(outcomes, 2, axis=0), np.repeat(outcomes, 2, axis=0))

    np.testing.assert_array_equal(bootstrap.score(once).samples.area, bootstrap.score(twice).samples.area)


def test_an_interval_reaches_to_infinity_where_samples_do() -> None:
    samples = np.array([0.5] * 90 + [np.inf] * 10)

    assert interval(samples) == (0.5, np.inf)


def test_intervals_of_the_area_hold_the_truth_as_often_as_they_promise() -> None:
    truth = _true_area([0, 1, 2])

    misses = sum(not low <= truth <= high for low, high in map(_area_interval, range(_SIMULATIONS)))

    assert misses in _MISSES


def test_intervals_of_a_difference_hold_the_truth_as_often_as_they_promise() -> None:
    truth = _true_area([0, 1, 2]) - _true_area([0, 2])

    misses = sum(not low <= truth <= high for low, high in map(_difference_interval, range(_SIMULATIONS)))

    assert misses in _MISSES


def _true_area(llms: list[int]) -> float:
    quality, cost = _QUALITY[llms] / _QUALITY[-1], _COST[llms] / _COST[-1]
    shares = np.arange(2, 101) / 100
    return float(np.mean([max([0.0, *quality[cost <= share + 1e-9]]) for share in shares]))


def _simulated(seed: int) -> tuple[Doubles, Doubles]:
    """(3, n) each: outcomes whose means are known."""
    random = np.random.default_rng(seed)
    quality = (random.random((3, _QUERIES)) < _QUALITY[:, None]).astype(np.float64)
    return quality, _COST[:, None] * np.ones((3, _QUERIES))


def _area_interval(seed: int) -> tuple[float, float]:
    quality, cost = _simulated(seed)
    scored = Bootstrap(Reference(quality[-1], cost[-1]), 400, seed).score(Played(np.arange(3.0), quality, cost))
    return interval(scored.samples.area)


def _difference_interval(seed: int) -> tuple[float, float]:
    quality, cost = _simulated(seed)
    bootstrap = Bootstrap(Reference(quality[-1], cost[-1]), 400, seed)
    one = bootstrap.score(Played(np.arange(3.0), quality, cost))
    other = bootstrap.score(Played(np.arange(2.0), quality[[0, 2]], cost[[0, 2]]))
    return interval(one.samples.area - other.samples.area)
