"""The fleet's own log as canonical parquet."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from pointsman.command.main import run
from pointsman.local.state import Endpoints, State
from shared.database.engine import Database
from shared.database.log import record_attempts, record_feedback, record_receipts, settle_feedback
from shared.database.rows import Said
from shared.messages import Attempt, Feedback, Receipt
from shared.stream.records import Position
from tests.unit.trainer.samples import ACCEPTED_AT, answered, failed, receipt, started

_CONVERSATION = (
    '[{"role":"user","content":"Name a river."},{"role":"assistant","content":"The Rhine."},'
    '{"role":"user","content":"And a longer one?"}]'
)


@pytest.fixture
def state(url: str, tmp_path: Path) -> Path:
    """The folder of a fleet of which only Postgres is up."""
    state = State(tmp_path / "state")
    state.folder.mkdir()
    state.write_endpoints(Endpoints(kafka="127.0.0.1:1", postgres=url, artifacts="file:///", home_partitions=4))
    return state.folder


async def log(url: str, receipts: list[Receipt], attempts: list[Attempt], feedback: list[Feedback]) -> None:
    said = [Said(word, ACCEPTED_AT + 10, Position("feedback", 0, number)) for number, word in enumerate(feedback)]
    async with Database(url) as database, database.session() as session:
        await record_receipts(session, receipts)
        await record_attempts(session, attempts)
        await record_feedback(session, said)
        await settle_feedback(session)
        await session.commit()


async def import_log(state: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any, str]:
    """Exit code, report and error."""
    capsys.readouterr()
    arguments = ["import", "--format", "log", "--state", str(state), "--out", str(out), "--json"]
    code = await asyncio.to_thread(run, arguments)
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if printed.out else None, printed.err.strip()


async def test_answers_with_text_and_feedback_are_imported(
    url: str, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await log(
        url,
        [
            receipt("good", text="What is 2 + 2?"),
            receipt("graded", text=_CONVERSATION),
            receipt("silent", text="Nobody said anything."),
            receipt("unsaid", text="It was withdrawn."),
            receipt("untold"),
            receipt("failed", text="It failed."),
            receipt("good", "superseded", text="What is 2 + 2?"),
        ],
        [started("good"), answered("good"), failed("failed")]
        + [answered(query_id) for query_id in ("silent", "unsaid", "untold")]
        + [answered("graded").model_copy(update={"usage_estimated": True, "prompt_tokens": None})],
        [
            Feedback(query_id="good", satisfied=True, source="thumb"),
            Feedback(query_id="graded", quality=0.25),
            Feedback(query_id="unsaid", withdrawn=True),
            Feedback(query_id="untold", satisfied=False),
            Feedback(query_id="failed", satisfied=False),
        ],
    )

    code, report, error = await import_log(state, tmp_path / "log.parquet", capsys)

    assert code == 0, error
    good, graded = parquet.read_table(tmp_path / "log.parquet").to_pylist()
    assert good == {
        "source": "log",
        "query_id": "default/good",
        "domain": "mathematics",
        "dataset": "mathematics",
        "prompt": "What is 2 + 2?",
        "llm": "small",
        "quality": 1.0,
        "input_tokens": 14.0,
        "output_tokens": 99.0,
        "cost_usd": 0.0002,
        "response": None,
        "judge": "feedback: thumb",
        "tokens_kind": "reported",
        "cost_kind": "reported",
    }
    assert (graded["prompt"], graded["quality"]) == ("Name a river.\nThe Rhine.\nAnd a longer one?", 0.25)
    assert (graded["input_tokens"], graded["tokens_kind"]) == (12.0, "estimated")
    assert (report["read"], report["imported"], report["rejected"]) == (5, 2, 3)
    rejected = {(reason["column"], one["got"]) for reason in report["reasons"] for one in reason["first"]}
    assert rejected == {
        ("feedback", "none on default/silent"),
        ("feedback", "none on default/unsaid"),
        ("text", "none of default/untold"),
    }


async def test_a_long_log_comes_in_parts(
    url: str, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"q{number}" for number in range(1200)]
    receipts = [receipt(name, text=f"Prompt of {name}") for name in names]
    await log(url, receipts, list(map(answered, names)), [Feedback(query_id=name, quality=0.5) for name in names])

    code, report, error = await import_log(state, tmp_path / "log.parquet", capsys)

    assert (code, report["imported"]) == (0, 1200), error


async def test_a_log_without_texts_says_how_to_have_them(
    url: str, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await log(url, [receipt("q")], [answered("q")], [Feedback(query_id="q", satisfied=True)])

    code, _, error = await import_log(state, tmp_path / "log.parquet", capsys)

    assert (code, error.count("\n")) == (2, 0)
    assert "POINTSMAN_STORE_TEXT" in error
    assert not (tmp_path / "log.parquet").exists()


async def test_no_postgres_is_one_line(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    endpoints = Endpoints(kafka="127.0.0.1:1", postgres=away, artifacts="file:///", home_partitions=4)
    State(state).write_endpoints(endpoints)

    code, _, error = await import_log(state, tmp_path / "log.parquet", capsys)

    assert (code, error.count("\n")) == (1, 0)
    assert "expected Postgres to answer" in error
    assert os.listdir(tmp_path) == ["state"]
