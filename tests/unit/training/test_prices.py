"""What answers are expected to cost, at the prices that recorded costs tell."""

import numpy as np
import pytest

from pointsman.training.prices import expected_costs, nonnegative_fit


def test_predicted_answers_cost_what_their_llm_takes_by_what_is_recorded() -> None:
    random = np.random.default_rng(0)
    prompts = random.integers(20, 300, 50).astype(np.float32)
    tokens = random.integers(50, 900, (50, 2)).astype(np.float32)
    per_prompt_token, per_token = np.array([1e-6, 3e-6]), np.array([2e-6, 15e-6])
    cost = (prompts.reshape(-1, 1) * per_prompt_token + tokens * per_token).astype(np.float32)
    predicted = random.integers(50, 900, (50, 2)).astype(np.float32)
    expected = prompts.reshape(-1, 1) * per_prompt_token + predicted * per_token
    cost[:20, 0], tokens[10:30, 1] = np.nan, np.nan

    assert expected_costs(prompts, tokens, cost, predicted) == pytest.approx(expected, rel=1e-3)


def test_no_price_is_negative() -> None:
    one = np.array([1.0, 2.0, 3.0])

    a, b = nonnegative_fit(one, one[::-1].copy(), 2 * one - 1.5 * one[::-1])

    assert a > 0
    assert b == 0
