"""Curves recover a planted distortion, and the graph bends as they do."""

import numpy as np
import pytest

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.calibration import ISOTONIC_ROWS, Curve, calibrate, calibration_error
from shared.inference import Floats, Session


def distorted(rows: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """What is predicted, what came, and its true probability: the prediction's square."""
    random = np.random.default_rng(seed)
    predicted = random.uniform(0.05, 0.95, rows).astype(np.float32)
    truth = predicted**2
    return predicted, (random.random(rows) < truth).astype(np.float32), truth


@pytest.mark.parametrize("rows", [ISOTONIC_ROWS // 2, ISOTONIC_ROWS * 4])
def test_a_distortion_is_bent_back(rows: int) -> None:
    predicted, quality, truth = distorted(rows)

    curve = calibrate(predicted, quality)

    assert curve is not None
    asked, came, meant = distorted(4000, seed=1)
    assert np.abs(curve(asked) - meant).mean() < 0.3 * np.abs(asked - meant).mean()
    assert calibration_error(curve(asked), came) < 0.3 * calibration_error(asked, came)
    assert (np.diff(curve(np.linspace(0.1, 0.9, 50, dtype=np.float32))) > 0).all()
    assert truth.mean() == pytest.approx(quality.mean(), abs=0.05)


def test_the_graph_bends_as_the_curve_does() -> None:
    curve = Curve(np.array([0.1, 0.4, 0.9], np.float32), np.array([0.2, 0.3, 0.95], np.float32))
    asked = np.linspace(-0.2, 1.2, 200, dtype=np.float32)
    builder = Builder()
    builder.node("Identity", [curve.write(builder, builder.input("quality", 1))], "bent")

    bent = Session(builder.content(["bent"]))({"quality": asked.reshape(-1, 1)})["bent"].ravel()

    assert bent == pytest.approx(curve(asked), abs=1e-6)


def test_what_hardly_differs_makes_no_curve() -> None:
    assert calibrate(np.full(500, 0.5, np.float32), np.ones(500, np.float32)) is None


def test_a_perfect_forecast_has_no_calibration_error_and_a_sure_wrong_one_has_one() -> None:
    came = np.array([0, 1, 1, 0], np.float32)

    assert calibration_error(came, came) == 0
    assert calibration_error(1 - came, came) == 1
