"""Uncertainty: near 1 where nothing was seen, small where much was (method 1.5)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trainer.fitting.familiarity import MOST_ROWS, fit_projection, inverse_of_seen


def uncertainty(inverse: np.ndarray, projected: np.ndarray) -> np.ndarray:
    return np.einsum("nk,kj,nj->n", projected, inverse, projected)


@given(st.integers(0, 2**31), st.integers(1, 60))
def test_projected_vectors_have_unit_length_and_uncertainty_is_in_0_1(seed: int, rows: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(rows + 2, 12)).astype(np.float32)
    projection = fit_projection(vectors, dimensions=5)

    projected = projection(vectors)
    found = uncertainty(inverse_of_seen(projected[:rows]), projected)

    assert np.linalg.norm(projected, axis=1) == pytest.approx(np.ones(rows + 2), abs=1e-4)
    assert ((found > 0) & (found <= 1 + 1e-5)).all()


def test_without_rows_everything_is_uncertain() -> None:
    projected = np.eye(3, dtype=np.float32)

    assert uncertainty(inverse_of_seen(projected[:0]), projected) == pytest.approx([1, 1, 1])


def test_a_few_hundred_rows_make_uncertainty_small_and_a_few_do_not() -> None:
    """As a fresh LLM is served with the whole bonus, and a known one with hardly any (method 1.5)."""
    vectors = np.random.default_rng(4).normal(size=(2000, 384)).astype(np.float32)
    projected = fit_projection(vectors)(vectors)
    asked = projected[1000:]

    means = {rows: uncertainty(inverse_of_seen(projected[:rows]), asked).mean() for rows in (0, 5, 300, 1000)}

    assert means[0] == pytest.approx(1)
    assert 0.8 < means[5] < 1
    assert means[300] < 0.15
    assert means[1000] == pytest.approx(means[300], abs=0.02)


def test_many_rows_weigh_no_more_than_333() -> None:
    seen = np.tile(np.array([[1.0, 0.0]], np.float32), (MOST_ROWS, 1))

    assert inverse_of_seen(np.tile(seen, (100, 1))) == pytest.approx(inverse_of_seen(seen), rel=1e-4)


def test_the_projection_whitens() -> None:
    random = np.random.default_rng(1)
    vectors = (random.normal(size=(5000, 6)) * [5, 4, 3, 2, 1, 0.5]).astype(np.float32)

    projection = fit_projection(vectors, dimensions=3)

    whitened = (vectors - projection.mean) @ projection.whitening
    assert np.cov(whitened.T) == pytest.approx(np.eye(3), abs=0.02)


def test_directions_without_spread_are_left_out() -> None:
    vectors = np.zeros((50, 8), np.float32)
    vectors[:, 0] = np.linspace(-1, 1, 50)

    assert fit_projection(vectors).whitening.shape == (8, 1)
