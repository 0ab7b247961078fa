"""Costs that nobody recorded follow from tokens and list prices, and say so."""

from pathlib import Path

import pytest

from tests.unit.importing.files import Importing, canonical_row, write_csv, write_parquet

_HEADER = ("llm", "family", "usd_per_m_input", "usd_per_m_output", "price_source", "hidden_reasoning")


def test_only_unknown_costs_of_known_prices_and_tokens_are_derived(importing: Importing, tmp_path: Path) -> None:
    prices = write_csv(
        tmp_path / "llm_prices.csv",
        _HEADER,
        ("large", "large", 10, 30, "list", False),
        ("thinker", "thinker", 10, 30, "list", True),
        ("unpriced", "unpriced", "", "", "", False),
    )
    rows = [
        canonical_row(0, input_tokens=1000.0, output_tokens=2000.0, cost_usd=None, cost_kind=None),
        canonical_row(1),
        canonical_row(2, output_tokens=None, cost_usd=None, cost_kind=None),
        canonical_row(3, llm="thinker", cost_usd=None, cost_kind=None),
        canonical_row(4, llm="unpriced", cost_usd=None, cost_kind=None),
        canonical_row(5, llm="unlisted", cost_usd=None, cost_kind=None),
    ]

    done = importing(write_parquet(tmp_path / "in.parquet", rows), "--prices", prices)

    assert [(row["cost_usd"], row["cost_kind"]) for row in done.rows()] == [
        (pytest.approx(0.07), "derived_list_price"),
        (0.001, "recorded"),
        *[(None, None)] * 4,
    ]
    assert done.report["costs_derived"] == 1


def test_a_price_that_is_none_is_named_by_line(importing: Importing, tmp_path: Path) -> None:
    prices = write_csv(tmp_path / "prices.csv", _HEADER, ("a", "a", 1, 1, "", False), ("b", "b", "dear", 1, "", False))

    done = importing(write_parquet(tmp_path / "in.parquet", [canonical_row()]), "--prices", prices)

    assert done.code == 2
    assert f"--prices: {prices} line 3: usd_per_m_input" in done.error
