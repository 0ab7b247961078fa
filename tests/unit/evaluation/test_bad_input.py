"""What cannot be evaluated is said in one line, with exit code 2, and nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman.command.main import run
from tests.unit.evaluation.files import LLMS, Row, changed, rows, write, write_pool

Evaluate = Callable[..., str]


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return write(tmp_path, "train", rows(120, "train"))


@pytest.fixture
def test_rows() -> list[Row]:
    return rows(40, "test")


@pytest.fixture
def refused(tmp_path: Path, train: Path, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Evaluates on the given file, and returns the one line that it is refused with."""

    def evaluate(test: Path, *options: str, pool: str | None = None, train: Path = train) -> str:
        out = tmp_path / "out"
        named = write_pool(tmp_path) if pool is None else pool
        given = ["--train", str(train), "--test", str(test), "--pool", named, "--out", str(out)]
        code = run(["evaluate", *given, *options])
        said = capsys.readouterr().err
        assert code == 2, said
        assert not out.exists()
        assert not [*tmp_path.glob(".out*")]
        assert said.startswith("pointsman: ")
        assert said.count("\n") == 1
        return said

    return evaluate


def test_an_llm_that_the_training_file_lacks(refused: Evaluate, tmp_path: Path) -> None:
    three = (*LLMS, "cedar")
    test = write(tmp_path, "test", rows(40, "test", three))

    said = refused(test, pool=write_pool(tmp_path, three))

    assert "--train: expected rows of every LLM, there are none of cedar, which --test has" in said
    assert "--llms" in said


def test_an_llm_that_the_test_file_lacks(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    test = write(tmp_path, "test", changed(test_rows, lambda row: row if row["llm"] == "ash" else None))

    assert "--test: expected rows of birch, there are none" in refused(test)


def test_too_few_complete_queries_name_the_llm_that_lacks_most(
    refused: Evaluate, tmp_path: Path, test_rows: list[Row]
) -> None:
    def without(row: Row) -> Row:
        odd = row["llm"] == "ash" and not str(row["query_id"]).endswith("3")
        return row | {"quality": None} if odd else row

    said = refused(write(tmp_path, "test", changed(test_rows, without)))

    assert "4 of 40 are complete" in said
    assert "ash lacks 36" in said


@pytest.mark.parametrize("quality", [1.5, -0.1, float("inf")])
def test_quality_outside_0_and_1(refused: Evaluate, tmp_path: Path, test_rows: list[Row], quality: float) -> None:
    test_rows[70]["quality"] = quality

    said = refused(write(tmp_path, "test", test_rows))

    assert f"expected quality in [0, 1], row 71 of {tmp_path / 'test.parquet'} has {quality:g}" in said
    assert "test-35" in said


def test_a_negative_cost(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    test_rows[1]["cost_usd"] = -0.5

    assert "expected cost_usd at least 0 and finite, row 2" in refused(write(tmp_path, "test", test_rows))


def test_no_costs_at_all(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    free = changed(test_rows, lambda row: row | {"cost_usd": None})

    assert "--test: expected costs, cost_usd is unknown in all rows" in refused(write(tmp_path, "test", free))


def test_no_costs_of_one_llm(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    free = changed(test_rows, lambda row: row | {"cost_usd": None} if row["llm"] == "ash" else row)

    assert "--test: expected costs of ash, there are none" in refused(write(tmp_path, "test", free))


def test_costs_that_are_all_0(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    free = changed(test_rows, lambda row: row | {"cost_usd": 0.0})

    assert "expected cost_usd of the reference birch above 0" in refused(write(tmp_path, "test", free))


def test_two_rows_of_one_query_and_llm(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    said = refused(write(tmp_path, "test", [*test_rows, test_rows[4]]))

    assert "ash has two of made test-2: row 5 of" in said
    assert "row 81 of" in said


def test_the_same_file_given_twice(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    test = write(tmp_path, "test", test_rows)

    assert "expected one row per query and LLM" in refused(test, "--test", str(test))


def test_one_llm_only(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    said = refused(write(tmp_path, "test", test_rows), "--llms", "birch")

    assert "expected at least 2 LLMs to choose from, got birch" in said


def test_an_llm_that_is_not_in_the_pool(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    said = refused(write(tmp_path, "test", test_rows), "--llms", "ash,oak")

    assert "--llms: expected LLMs of the pool (ash, birch), got oak" in said


def test_a_reference_that_is_not_evaluated(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    said = refused(write(tmp_path, "test", test_rows), "--reference", "oak")

    assert "--reference: expected one of ash, birch, got oak" in said


def test_three_rows(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    few = write(tmp_path, "few", rows(2, "few")[:3])

    assert "expected at least 20 queries" in refused(few)
    test = write(tmp_path, "test", test_rows)
    assert "--train: expected at least 50 queries" in refused(test, train=few)


def test_an_empty_file(refused: Evaluate, tmp_path: Path) -> None:
    empty = tmp_path / "empty.parquet"
    empty.touch()

    assert f"--test: {empty} is empty" in refused(empty)


def test_a_file_without_rows(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    table = pa.Table.from_pylist(test_rows)
    pq.write_table(table.slice(0, 0), tmp_path / "none.parquet")

    assert f"expected rows in {tmp_path / 'none.parquet'}, it has none" in refused(tmp_path / "none.parquet")


def test_a_file_that_is_not_there(refused: Evaluate, tmp_path: Path) -> None:
    assert "--test: cannot read" in refused(tmp_path / "nowhere.parquet")


def test_a_folder(refused: Evaluate, tmp_path: Path) -> None:
    assert "--test: cannot read" in refused(tmp_path)


def test_a_pool_that_does_not_exist(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    pool = write_pool(tmp_path).replace(":two", ":three")

    said = refused(write(tmp_path, "test", test_rows), pool=pool)

    assert "--pool: expected one of two in" in said


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_csv(refused: Evaluate, tmp_path: Path, separator: str) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(separator.join(["source", "query_id", "llm"]) + "\n")

    said = refused(file)

    assert "expected" in said
    assert "pointsman import" in said


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_truncated_parquet(refused: Evaluate, tmp_path: Path, test_rows: list[Row], share: float) -> None:
    whole = write(tmp_path, "test", test_rows).read_bytes()
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole[: int(share * len(whole))])

    assert f"{cut} is cut off or damaged" in refused(cut)


def test_a_parquet_damaged_in_the_middle(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    whole = bytearray(write(tmp_path, "test", test_rows).read_bytes())
    whole[100:400] = bytes(300)
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(bytes(whole))

    assert "is cut off or damaged" in refused(damaged)


def test_a_column_that_is_missing(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    def without(row: Row) -> Row:
        return {name: value for name, value in row.items() if name != "cost_usd"}

    said = refused(write(tmp_path, "test", changed(test_rows, without)))

    assert "expected column cost_usd in" in said


def test_quality_as_text(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    worded = changed(test_rows, lambda row: row | {"quality": "good"})

    assert "expected numbers in column quality of" in refused(write(tmp_path, "test", worded))


def test_a_row_without_an_llm(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    test_rows[3]["llm"] = None

    assert "expected text in llm, row 4 of" in refused(write(tmp_path, "test", test_rows))


def test_a_test_file_that_was_trained_on(refused: Evaluate, train: Path) -> None:
    assert "expected at least 50 queries that are not in --test too, there are 0 of 120" in refused(train)


def test_an_llm_to_withhold_that_is_not_evaluated(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    said = refused(write(tmp_path, "test", test_rows), "--withhold", "oak")

    assert "--withhold: expected one of ash, birch, got oak" in said


def test_a_kind_of_head_that_is_not_tried(refused: Evaluate, tmp_path: Path, test_rows: list[Row]) -> None:
    said = refused(write(tmp_path, "test", test_rows), "--parts", "oracle")

    assert "--parts: expected kinds of heads out of" in said


def test_an_out_that_holds_other_things(
    tmp_path: Path, train: Path, test_rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "photos"
    out.mkdir()
    (out / "cat.png").touch()
    test = write(tmp_path, "test", test_rows)

    code = run(
        ["evaluate", "--train", str(train), "--test", str(test), "--pool", write_pool(tmp_path), "--out", str(out)]
    )

    assert code == 2
    assert "expected an empty folder or an earlier evaluation" in capsys.readouterr().err
    assert [file.name for file in out.iterdir()] == ["cat.png"]
