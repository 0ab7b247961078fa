"""Small files of every layout, and the command that imports them."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from pointsman.command.main import run

LLM = "large"


def canonical_row(number: int = 0, **changes: object) -> dict[str, object]:
    return {
        "source": "planted",
        "query_id": f"planted-{number}",
        "domain": "mathematics",
        "dataset": "sums",
        "prompt": f"What is {number} + 1?",
        "llm": LLM,
        "quality": 0.5,
        "input_tokens": 7.0,
        "output_tokens": 2.0,
        "cost_usd": 0.001,
        "response": str(number + 1),
        "judge": "computed",
        "tokens_kind": "reported",
        "cost_kind": "recorded",
    } | changes


def write_parquet(file: Path, rows: Sequence[dict[str, object]]) -> Path:
    parquet.write_table(arrow.Table.from_pylist(list(rows)), file)
    return file


def write_csv(file: Path, *rows: Sequence[object]) -> Path:
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows(rows)
    return file


def write_json_lines(file: Path, *rows: dict[str, object] | str) -> Path:
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return file


def read_rows(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(file).to_pylist()
    return rows


@dataclass(frozen=True, slots=True)
class Done:
    """What an import left behind."""

    code: int
    error: str
    #: As printed with --json; empty after an error that came before anything was read.
    report: dict[str, Any]
    out: Path

    def rows(self) -> list[dict[str, Any]]:
        return read_rows(self.out)

    def rejected(self) -> list[tuple[str | None, int, str]]:
        """Column, line or row, and what was there, of the first of each reason."""
        return [
            (one["column"], one.get("line", one.get("row")), one["got"])
            for reason in self.report["reasons"]
            for one in reason["first"]
        ]


@dataclass(frozen=True, slots=True)
class Importing:
    """Runs `pointsman import --json` in a folder of the test's own."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path, out: str = "out.parquet") -> Done:
        self.capture.readouterr()
        code = run(["import", *map(str, arguments), "--out", str(self.folder / out), "--json"])
        printed = self.capture.readouterr()
        report = json.loads(printed.out) if printed.out else {}
        return Done(code, printed.err.strip(), report, self.folder / out)
