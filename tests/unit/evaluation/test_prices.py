"""Prices, as recorded costs tell them."""

from dataclasses import replace

import numpy as np
import pytest

from pointsman.evaluation.prices import tariffs
from tests.unit.evaluation.planted import answered


def test_list_prices_are_found_again() -> None:
    random = np.random.default_rng(0)
    inputs, outputs = random.integers(20, 300, (80, 2)).astype(float), random.integers(50, 900, (80, 2)).astype(float)
    cost_usd = (inputs * [0.5, 3.0] + outputs * [1.5, 15.0]) / 1e6
    train = replace(answered(np.ones((80, 2)), cost_usd, ("a", "b")), input_tokens=inputs, output_tokens=outputs)

    (one, other), lengths = tariffs(train, inputs[:, 0] / 2)

    assert (one.usd_per_mtok_input, one.usd_per_mtok_output) == pytest.approx((0.5, 1.5))
    assert (other.usd_per_mtok_input, other.usd_per_mtok_output) == pytest.approx((3.0, 15.0))
    assert one.explained == pytest.approx(1.0)
    assert one.prompt_token_ratio == pytest.approx(2.0)
    assert lengths is not outputs
    np.testing.assert_array_equal(lengths, outputs)


def test_without_tokens_the_cost_itself_is_the_length() -> None:
    cost_usd = np.random.default_rng(0).uniform(0.001, 0.01, (60, 2))
    train = answered(np.ones((60, 2)), cost_usd, ("a", "b"))
    train.output_tokens[:, 0] = np.nan

    (blind, priced), lengths = tariffs(train, np.full(60, 10.0))

    assert blind.explained is None
    assert priced.explained is not None
    np.testing.assert_allclose(lengths[:, 0] * blind.usd_per_mtok_output / 1e6, cost_usd[:, 0])


def test_unknown_costs_and_tokens_are_left_out() -> None:
    train = answered(np.ones((40, 1)), np.full((40, 1), 0.002), ("a",))
    train.cost_usd[:5] = np.nan
    train.output_tokens[5:9] = np.nan

    [tariff], lengths = tariffs(train, np.full(40, 10.0))

    assert np.isfinite([tariff.usd_per_mtok_input, tariff.usd_per_mtok_output, tariff.prior_response_tokens]).all()
    assert np.isnan(lengths).sum() == 4
