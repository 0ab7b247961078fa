"""The figures of a curve."""

import numpy as np
import pytest

from pointsman.evaluation.measures import measure


def test_the_area_is_the_mean_of_the_best_quality_over_cost_shares() -> None:
    made = measure(np.array([[0.8, 1.0]]), np.array([[0.02, 0.51]]))

    # 0.02 to 0.50 buy 0.8, 0.51 to 1.00 buy 1.0.
    assert made.area[0] == pytest.approx((49 * 0.8 + 50 * 1.0) / 99)


def test_costs_that_buy_nothing_count_as_quality_0_in_the_area() -> None:
    made = measure(np.array([[1.0]]), np.array([[0.99]]))

    assert made.area[0] == pytest.approx(2 / 99)


def test_a_worse_dearer_point_changes_nothing() -> None:
    alone = measure(np.array([[0.8]]), np.array([[0.1]]))

    made = measure(np.array([[0.8, 0.5]]), np.array([[0.1, 0.2]]))

    assert made.area == alone.area


def test_points_are_not_interpolated() -> None:
    made = measure(np.array([[0.9, 1.0]]), np.array([[0.2, 0.3]]))

    assert made.cost_share_at_quality_ratio[0.9725][0] == pytest.approx(0.3)
    assert made.quality_ratio_at_cost_share[0.2418][0] == pytest.approx(0.9)


def test_what_is_never_reached_is_infinite() -> None:
    made = measure(np.array([[0.9]]), np.array([[0.5]]))

    assert np.isposinf(made.cost_share_at_quality_ratio[1.0][0])
    assert np.isneginf(made.quality_ratio_at_cost_share[0.2418][0])


def test_the_reference_itself_costs_its_own_cost_whatever_the_rounding() -> None:
    made = measure(np.array([[1 - 1e-15]]), np.array([[1 + 1e-15]]))

    assert made.cost_share_at_quality_ratio[1.0][0] == pytest.approx(1.0)
    assert made.area[0] == pytest.approx(1 / 99)
