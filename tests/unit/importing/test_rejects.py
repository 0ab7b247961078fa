"""What is wrong is named by row and column; the rest is imported."""

import json
from pathlib import Path

import pytest

from pointsman.command.main import run
from tests.unit.importing.files import Importing, canonical_row, write_csv, write_json_lines, write_parquet

NAN = float("nan")


@pytest.mark.parametrize(
    ("change", "column", "got"),
    [
        ({"quality": NAN}, "quality", "nan"),
        ({"quality": 1.01}, "quality", "1.01"),
        ({"quality": -0.1}, "quality", "-0.1"),
        ({"quality": None}, "quality", "nothing"),
        ({"cost_usd": -1.0}, "cost_usd", "-1.0"),
        ({"cost_usd": NAN}, "cost_usd", "nan"),
        ({"output_tokens": float("inf")}, "output_tokens", "inf"),
        ({"prompt": None}, "prompt", "nothing"),
        ({"llm": ""}, "llm", "''"),
    ],
)
def test_a_bad_value_is_named_by_row_and_column(
    change: dict[str, object], column: str, got: str, importing: Importing, tmp_path: Path
) -> None:
    rows = [canonical_row(0), canonical_row(1, **change), canonical_row(2)]

    done = importing(write_parquet(tmp_path / "in.parquet", rows))

    assert done.code == 0
    assert done.rejected() == [(column, 2, got)]
    assert [row["query_id"] for row in done.rows()] == ["planted-0", "planted-2"]


def test_of_rows_that_are_there_twice_the_first_stays(importing: Importing, tmp_path: Path) -> None:
    one = write_parquet(tmp_path / "one.parquet", [canonical_row(0), canonical_row(0, quality=1.0)])
    two = write_parquet(tmp_path / "two.parquet", [canonical_row(0, llm="small"), canonical_row(0, source="other")])

    done = importing(one, two, one)

    assert [(row["llm"], row["source"], row["quality"]) for row in done.rows()] == [
        ("large", "planted", 0.5),
        ("small", "planted", 0.5),
        ("large", "other", 0.5),
    ]
    again = ("query_id, llm", f"those of row 1 of {one}")
    assert [(column, got) for column, _, got in done.rejected()] == [again] * 3
    assert done.report["reasons"][0]["rows"] == 3


def test_columns_are_named_as_the_file_names_them(importing: Importing, tmp_path: Path) -> None:
    header = ("sample_id", "prompt", "eval_name", "org/A", "org/A|total_cost")
    rows = (
        ("s1", "Which?", "e", "abc", 1),
        ("s2", "Which\none?", "e", 1, -2),
        ("s3", "", "e", 1, 0),
        ("", "?", "e", 1, 0),
    )

    done = importing(write_csv(tmp_path / "rb.csv", header, *rows, ("s5", "?", "e", 1, 0)))

    assert done.rejected() == [
        ("org/A", 2, "'abc'"),
        ("org/A|total_cost", 3, "'-2'"),
        ("prompt", 5, "nothing"),
        ("sample_id", 6, "nothing"),
    ]
    assert done.report["imported"] == 1


def test_broken_records_of_csv_do_not_stop_the_others(importing: Importing, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(
        b'prompt,a\nfine,True\ntoo,many,True\n"wrong"quote,True\n\nnot \xff utf,True\nlast,False\n"open,True'
    )

    done = importing(file)

    assert [row["prompt"] for row in done.rows()] == ["fine", "last"]
    assert done.report["rejected"] == 4
    rejected = {line: column for column, line, _ in done.rejected()}
    assert rejected == {3: None, 4: None, 6: "prompt", 8: None}


def test_broken_lines_of_json_do_not_stop_the_others(importing: Importing, tmp_path: Path) -> None:
    good = {"task_name": "t", "query": "Which?", "model_name": "a", "performance": 1}
    deep = "[" * 100_000
    nan = json.dumps(good | {"performance": NAN, "query": "Not a number?"})
    file = write_json_lines(tmp_path / "in.jsonl", '{"task_name": "t", "qu', good, "[1]", deep, nan, "", '{"query": 1}')

    done = importing(file)

    assert [row["prompt"] for row in done.rows()] == ["Which?"]
    assert [line for _, line, _ in done.rejected()] == [1, 3, 4, 5, 7]


def test_a_cell_that_json_leaves_out_is_nothing(importing: Importing, tmp_path: Path) -> None:
    whole = {"sample_id": "s1", "prompt": "Which?", "eval_name": "e", "a": 1, "a|total_cost": 0.1}
    gaps = [{key: value for key, value in whole.items() if key != left_out} for left_out in whole]

    done = importing(write_json_lines(tmp_path / "rb.jsonl", whole, *gaps))

    assert {(column, line) for column, line, _ in done.rejected()} == {
        ("sample_id", 2),
        ("prompt", 3),
        ("eval_name", 4),
        ("a", 5),
        ("query_id, llm", 6),
    }


def test_all_that_was_rejected_is_written_where_asked(importing: Importing, tmp_path: Path) -> None:
    rows = [canonical_row(number, quality=2.0 if number % 2 else 1.0) for number in range(20)]
    file, rejects = write_parquet(tmp_path / "in.parquet", rows), tmp_path / "rejects.jsonl"

    done = importing(file, "--rejects", rejects)

    lines = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [line["row"] for line in lines] == list(range(2, 21, 2))
    expected = {"file": str(file), "row": 2, "column": "quality", "expected": "a number in [0, 1]", "got": "2.0"}
    assert lines[0] == expected
    assert done.report["reasons"] == [
        {"column": "quality", "expected": "a number in [0, 1]", "rows": 10, "first": lines[:3]}
    ]


def test_people_read_how_many_were_not_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_parquet(tmp_path / "in.parquet", [canonical_row(0), canonical_row(1, quality=NAN)])

    assert run(["import", str(file), "--out", str(tmp_path / "out.parquet")]) == 0

    printed = capsys.readouterr()
    assert "quality" in printed.out
    assert "row 2 of in.parquet: nan" in " ".join(printed.out.split())
    assert "1 of 2 rows" in printed.err
    assert "Rows that were not imported: 1." in printed.err


def test_without_a_good_row_there_is_no_file(importing: Importing, tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "in.parquet", [canonical_row(number, quality=NAN) for number in range(3)])
    (tmp_path / "out.parquet").write_text("what was here")

    done = importing(file, "--force", "--rejects", tmp_path / "rejects.jsonl")

    assert done.code == 2
    assert done.error == (
        "pointsman: nothing could be imported: none of 3 rows is good; quality: expected a number in [0, 1] in 3 of "
        "them, the first is row 1 of in.parquet: nan"
    )
    assert done.out.read_text() == "what was here"
    assert len((tmp_path / "rejects.jsonl").read_text().splitlines()) == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.parquet", "out.parquet", "rejects.jsonl"]
