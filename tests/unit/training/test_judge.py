"""What decides whether a tuned encoder is adopted."""

from collections.abc import Callable

import numpy as np
import pytest

from pointsman.training.recorded import Answers
from pointsman.training.tuning.judge import Judge, Model, compare, forest, qualities, ridge

_RANDOM = np.random.default_rng(5)
_VECTORS = _RANDOM.normal(size=(400, 4)).astype(np.float32)
_QUALITY = np.stack([_VECTORS[:, 0] > 0, _VECTORS[:, 1] > 0], axis=1).astype(np.float32)
_JUDGING = np.arange(400) % 4 == 0
_NOISE, _OTHER_NOISE = _RANDOM.normal(size=(2, 400, 4)).astype(np.float32)


@pytest.mark.parametrize("make", [ridge, lambda: forest(0)])
def test_vectors_that_tell_quality_are_judged_better_than_noise(make: Callable[[], Model]) -> None:
    judge = Judge(_QUALITY, ~_JUDGING, _JUDGING, make)

    verdict = compare(judge.errors(_NOISE), judge.errors(_VECTORS))

    assert verdict.wins
    assert verdict.tuned < 0.2 < 0.24 < verdict.plain


def test_other_noise_does_not_win() -> None:
    judge = Judge(_QUALITY, ~_JUDGING, _JUDGING, ridge)

    assert not compare(judge.errors(_NOISE), judge.errors(_OTHER_NOISE)).wins


def test_what_an_llm_was_not_asked_does_not_count() -> None:
    holes = _QUALITY.copy()
    holes[::3, 0] = np.nan
    judge = Judge(holes, ~_JUDGING, _JUDGING, ridge)

    assert np.isfinite(judge.errors(_VECTORS)).all()
    assert judge.loss(_VECTORS) == pytest.approx(Judge(_QUALITY, ~_JUDGING, _JUDGING, ridge).loss(_VECTORS), rel=0.2)


def test_qualities_are_laid_out_by_query_and_llm() -> None:
    half = np.array([0.5, 1.0], np.float32)
    answers = {"one": Answers(np.array([2, 0]), half, half, half), "two": Answers(np.array([1, 2]), half, half, half)}

    found = qualities(answers, 3)

    assert np.array_equal(found, np.array([[1, np.nan], [np.nan, 0.5], [0.5, 1]], np.float32), equal_nan=True)
