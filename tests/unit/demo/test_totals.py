"""The figures of a run, on an example small enough to do by hand."""

import pytest

from pointsman.demo.totals import report, singles
from tests.unit.demo.samples import answered, failed, outcomes

#: Of three queries; the second one is not sent in the tests.
_KNOWN = {
    "dear": outcomes([1.0, 0.0, 1.0], [0.04, 0.04, 0.02]),
    "cheap": outcomes([1.0, 1.0, 0.0], [0.01, 0.01, 0.01]),
}


def test_totals_compare_the_same_queries() -> None:
    made = report([answered(0, "cheap", 1.0, 0.01), answered(2, "dear", 1.0, 0.02, wait_s=3.0)], _KNOWN)

    assert (made.queries, made.answered, made.refused, made.failed) == (2, 2, 0, 0)
    assert (made.quality, made.cost_usd) == (1.0, pytest.approx(0.015))
    assert made.best_single is not None
    assert (made.best_single.llm, made.best_single.quality, made.best_single.cost_usd) == ("dear", 1.0, 0.03)
    assert made.cheapest is not None
    assert (made.cheapest.llm, made.cheapest.quality) == ("cheap", 0.5)
    assert (made.random.quality, made.random.cost_usd) == (0.75, pytest.approx(0.02))
    assert made.by_llm["dear"].share == 0.5
    assert made.by_llm["dear"].wait_s == 3.0
    quality = made.differences["pointsman - random"].quality
    cost_usd = made.differences["pointsman - best_single"].cost_usd
    assert quality is not None
    assert quality[1] == 0.25
    assert cost_usd is not None
    assert cost_usd[1] == pytest.approx(-0.015)


def test_a_query_without_an_answer_counts_as_worthless() -> None:
    made = report([answered(0, "cheap", 1.0, 0.01), failed(2)], _KNOWN)

    assert (made.queries, made.answered, made.failed) == (2, 1, 1)
    assert made.quality == 0.5


def test_what_is_unknown_stays_unknown() -> None:
    made = report([answered(0, "cheap", 1.0, 0.01)], {})

    assert made.quality == 1.0
    assert made.best_single is made.cheapest is made.random.quality is None
    assert all(one.quality is one.cost_usd is None for one in made.differences.values())
    assert singles([answered(0, "cheap", 1.0, 0.01)], {}) == {}


def test_stages_end_with_the_whole_wait() -> None:
    made = report([answered(number, "cheap", 1.0, 0.01, wait_s=1.0 + number) for number in range(3)], _KNOWN)

    assert list(made.stages) == ["embed", "llm", "total"]
    assert made.stages["total"].p50_s == pytest.approx(2.0)
    assert made.stages["total"].p99_s == pytest.approx(2.98)
