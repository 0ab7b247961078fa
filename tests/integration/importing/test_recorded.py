"""The recorded data comes back row for row."""

from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from pointsman.command.main import run
from services.simulator.dataset import SCHEMA
from tests.recorded import DATA, needs_recorded_answers


@needs_recorded_answers
@pytest.mark.parametrize("file", sorted(DATA.glob("*.parquet")), ids=lambda file: file.stem)
def test_a_recorded_file_comes_back_row_for_row(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"

    assert run(["import", str(file), "--out", str(out), "--json"]) == 0

    before = parquet.read_table(file, columns=SCHEMA.names).cast(SCHEMA)
    assert parquet.read_table(out).equals(before)


@needs_recorded_answers
def test_prices_and_tokens_give_the_costs_that_were_recorded(tmp_path: Path) -> None:
    table = parquet.read_table(DATA / "eqbench.parquet", columns=SCHEMA.names).cast(SCHEMA)
    unpriced = tmp_path / "unpriced.parquet"
    parquet.write_table(table.drop_columns(["cost_usd", "cost_kind"]), unpriced)
    out = tmp_path / "out.parquet"

    assert run(["import", str(unpriced), "--out", str(out), "--prices", str(DATA / "llm_prices.csv")]) == 0

    assert parquet.read_table(out)["cost_usd"].to_pylist() == pytest.approx(table["cost_usd"].to_pylist())
