"""What answers cost, as recorded costs tell."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.inference import Floats

Real = TypeVar("Real", np.float32, np.float64)


def expected_costs(prompt_tokens: Floats, response_tokens: Floats, cost_usd: Floats, predicted: Floats) -> Floats:
    """(n, m) USD: prompt (n,) and `predicted` tokens (n, m) at the prices that explain each LLM's recorded costs best.

    Recorded are response tokens and costs (n, m), NaN where unknown.
    """
    columns = []
    for tokens, cost, length in zip(response_tokens.T, cost_usd.T, predicted.T, strict=True):
        known = np.isfinite(tokens) & np.isfinite(cost)
        per_prompt_token, per_token = nonnegative_fit(prompt_tokens[known], tokens[known], cost[known])
        columns.append(prompt_tokens * per_prompt_token + length * per_token)
    return np.stack(columns, axis=1)


def nonnegative_fit(one: NDArray[Real], other: NDArray[Real], target: NDArray[Real]) -> tuple[float, float]:
    """a, b >= 0 that minimise sum (a one + b other - target)^2.

    >>> a, b = nonnegative_fit(np.array([1.0, 2.0, 3.0]), np.array([5.0, 1.0, 2.0]), np.array([13.0, 8.0, 13.0]))
    >>> round(a, 6), round(b, 6)
    (3.0, 2.0)
    """
    (a, b), *_ = np.linalg.lstsq(np.stack([one, other], axis=1), target, rcond=None)
    if a >= 0 and b >= 0:
        return float(a), float(b)
    alone = [(_slope(one, target), 0.0), (0.0, _slope(other, target))]
    return min(alone, key=lambda pair: float(np.square(pair[0] * one + pair[1] * other - target).sum()))


def _slope(values: NDArray[Real], target: NDArray[Real]) -> float:
    square = float(values @ values)
    return max(float(values @ target) / square, 0.0) if square > 0 else 0.0
