"""What the receipts' predictions would have chosen at other settings."""

import pytest

from pointsman.demo.curve import SETTINGS, curve
from pointsman.demo.receipts import tell
from tests.unit.demo.samples import candidate, outcomes, receipt

_KNOWN = {"dear": outcomes([1.0, 1.0], [0.04, 0.06]), "cheap": outcomes([0.0, 1.0], [0.01, 0.01])}
#: Predictions tell that the second query is easy.
_RECEIPTS = [
    (0, receipt("dear", candidate("dear", 0.9, 0.05), candidate("cheap", 0.2, 0.01))),
    (1, receipt("cheap", candidate("dear", 0.91, 0.05), candidate("cheap", 0.9, 0.01))),
]


def test_the_curve_goes_from_the_cheapest_to_the_best() -> None:
    points = curve(_RECEIPTS, _KNOWN, cost_scale_per_usd=20)

    assert [point.willingness_to_pay for point in points] == list(SETTINGS)
    assert (points[0].quality, points[0].cost_usd) == (0.5, pytest.approx(0.01))
    assert (points[-1].quality, points[-1].cost_usd) == (1.0, pytest.approx(0.05))
    assert (1.0, pytest.approx(0.025)) in [(point.quality, point.cost_usd) for point in points]


def test_an_llm_that_could_not_be_chosen_is_not() -> None:
    barred = receipt("cheap", candidate("dear", 0.9, 0.05, barred_by="closed"), candidate("cheap", 0.2, 0.01))

    points = curve([(0, barred)], _KNOWN, cost_scale_per_usd=20)

    assert {point.cost_usd for point in points} == {0.01}


def test_without_outcomes_there_is_no_curve() -> None:
    assert curve(_RECEIPTS, {}, cost_scale_per_usd=20) == ()


def test_the_receipt_that_is_told_is_one_where_waits_decided() -> None:
    turned = receipt("cheap", candidate("dear", 0.9, 0.01), candidate("cheap", 0.5, 0.01))

    told = tell([*_RECEIPTS, (0, turned)])

    assert told is not None
    assert told.receipt.candidates == turned.candidates
    assert told.receipt.vector == ""
    assert told.lines
