"""Imports as processes of their own: their memory, and their end by Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

_PROMPTS, _LLMS = 12_000, ("a", "b", "c", "d")
_COMMAND = """
import signal, sys
from pathlib import Path
# Whoever runs the tests in the background has them ignore it, and processes inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pointsman.command.main import run
code = run(["import", *sys.argv[1:]])
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
sys.exit(code)
"""


def write_large(file: Path, prompts: int) -> Path:
    """One row group, and no page of it is compressed: what a reader holds of it is what it weighs."""
    rows = prompts * len(_LLMS)
    queries = [str(number // len(_LLMS)) for number in range(rows)]
    columns = {
        "source": ["x"] * rows,
        "query_id": queries,
        "dataset": ["x"] * rows,
        "prompt": [f"{query} " + "why? " * 200 for query in queries],
        "llm": list(_LLMS) * prompts,
        "quality": [0.5] * rows,
        "response": [f"{number} " + "because " * 500 for number in range(rows)],
    }
    parquet.write_table(arrow.table(columns), file, row_group_size=rows, compression="none", use_dictionary=False)
    return file


def start(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def peak_bytes(file: Path, out: Path) -> int:
    """The most memory that importing `file` held."""
    process = start(file, "--out", out)
    printed, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    return int(printed.split()[-2]) << 10


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured as Linux tells it")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    # Both fill what is written at a time, a row group, and the allocator's pools.
    small, large = (
        write_large(tmp_path / "small.parquet", _PROMPTS // 3),
        write_large(tmp_path / "large.parquet", _PROMPTS),
    )

    grown = peak_bytes(large, tmp_path / "large.out") - peak_bytes(small, tmp_path / "small.out")

    more = large.stat().st_size - small.stat().st_size
    assert more > 150 << 20
    assert grown < more / 3
    assert parquet.ParquetFile(tmp_path / "large.out").metadata.num_rows == _PROMPTS * len(_LLMS)


def test_an_import_that_is_interrupted_leaves_what_was_there(tmp_path: Path) -> None:
    file, out, rejects = tmp_path / "long.jsonl", tmp_path / "out.parquet", tmp_path / "rejects.jsonl"
    out.write_text("what was here")
    row = '{{"task_name": "t", "query": "{}", "model_name": "a", "performance": 1}}\n'
    file.write_text("".join(row.format(number) for number in range(200_000)))
    process = start(file, "--out", out, "--rejects", rejects, "--force")

    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.new")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert out.read_text() == "what was here"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["long.jsonl", "out.parquet"]
