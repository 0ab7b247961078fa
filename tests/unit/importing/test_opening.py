"""Files that cannot be imported at all: one line that says what and where, exit code 2, nothing written."""

import gzip
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from pointsman.command.main import run
from tests.unit.importing.files import Importing, canonical_row, write_csv, write_parquet


def _cut(file: Path) -> None:
    write_parquet(file, [canonical_row(number) for number in range(100)])
    file.write_bytes(file.read_bytes()[:-100])


def _damaged(file: Path) -> None:
    write_parquet(file, [canonical_row(number, response=str(number) * 999) for number in range(2000)])
    content = bytearray(file.read_bytes())
    content[200:2000] = bytes(1800)
    file.write_bytes(content)


class _Harmful:
    """Writes a file when it is unpickled."""

    def __init__(self, harm: Path) -> None:
        self._harm = harm

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self._harm,)


_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty.parquet": (lambda file: file.touch(), "is empty"),
    "blank.csv": (lambda file: file.write_text("\n \n"), "is empty"),
    "cut.parquet": (_cut, "is cut off or damaged; fetch it again"),
    "damaged.parquet": (_damaged, "is damaged after row 0; fetch it again"),
    "table.pkl": (lambda file: file.write_bytes(pickle.dumps([1])), "is a pickle"),
    "hidden.csv": (lambda file: file.write_bytes(pickle.dumps([1])), "is a pickle"),
    "packed.jsonl": (lambda file: file.write_bytes(gzip.compress(b"{}")), "is compressed (gzip); unpack it first"),
    "array.json": (lambda file: file.write_text('[{"query": 1}]'), "is one array; try: jq -c '.[]'"),
    "pretty.json": (lambda file: file.write_text('{\n "query": 1\n}'), "expected one JSON object per line"),
    "noise.bin": (lambda file: file.write_bytes(bytes(range(256))), "expected parquet, CSV or JSON lines in UTF-8"),
    "wide.csv": (lambda file: file.write_text("prompt,é".encode("utf-16").decode("latin-1")), "in UTF-8"),
    "latin.csv": (lambda file: file.write_bytes("prompt,é\n".encode("latin-1")), "in UTF-8 with a header"),
    "semicolons.csv": (
        lambda file: file.write_text("prompt;a\nWhich?;True\n"),
        "those of",
    ),
    "tabs.csv": (lambda file: file.write_text("prompt\ta\nWhich?\tTrue\n"), "are by tabs; convert it first"),
    "quote.csv": (lambda file: file.write_text('"prompt\nWhich?'), "to begin with a header"),
    "twice.csv": (lambda file: write_csv(file, ("prompt", "a", "a")), "expected each column once, a is there twice"),
    "header.csv": (lambda file: write_csv(file, ("prompt", "a")), "holds no rows"),
    "other.csv": (lambda file: write_csv(file, ("question", "a"), ("?", 1)), "its columns: question, a"),
    "rb.csv": (
        lambda file: write_csv(file, ("prompt", "a|total_cost")),
        "routerbench needs sample_id, eval_name, a too",
    ),
    "column.parquet": (
        lambda file: write_parquet(file, [{"prompt": "?", "llm": "a", "source": "s", "query_id": "q"}]),
        "canonical needs dataset, quality too",
    ),
    "queries.jsonl": (
        lambda file: file.write_text(json.dumps({"task_name": "t", "query": "?"})),
        "llmrouter needs model_name, performance too",
    ),
    "folder": (lambda file: file.mkdir(), "is a folder; name the files in it"),
    "pipe.csv": (lambda file: os.mkfifo(file), "is a pipe or device"),
    "missing.csv": (lambda file: None, "No such file or directory"),
    "loop.csv": (lambda file: file.symlink_to(file), "Too many levels of symbolic links"),
}


@pytest.mark.parametrize("name", _FILES)
def test_a_file_of_the_wrong_kind_is_one_line(name: str, importing: Importing, tmp_path: Path) -> None:
    make, says = _FILES[name]
    make(tmp_path / name)

    done = importing(tmp_path / name)

    assert done.code == 2
    assert done.error.count("\n") == 0
    assert says in done.error
    assert str(tmp_path / name) in done.error
    assert {each.name for each in tmp_path.iterdir()} <= {name}


def test_a_pickle_is_never_loaded(importing: Importing, tmp_path: Path) -> None:
    (tmp_path / "routerbench_0shot.pkl").write_bytes(pickle.dumps(_Harmful(tmp_path / "harm")))

    done = importing(tmp_path / "routerbench_0shot.pkl", "--format", "routerbench")

    assert "read_pickle('routerbench_0shot.pkl').to_csv('routerbench_0shot.csv', index=False)" in done.error
    assert not (tmp_path / "harm").exists()


def test_one_wrong_file_among_many_stops_the_import(importing: Importing, tmp_path: Path) -> None:
    good = write_parquet(tmp_path / "good.parquet", [canonical_row(0)])
    (tmp_path / "bad.csv").touch()

    done = importing(good, tmp_path / "bad.csv")

    assert done.code == 2
    assert not done.out.exists()


def test_what_is_in_the_way_is_kept_unless_forced(importing: Importing, tmp_path: Path) -> None:
    file, out = write_parquet(tmp_path / "in.parquet", [canonical_row(0)]), tmp_path / "out.parquet"
    out.write_text("what was here")

    refused = importing(file)
    kept = out.read_text()
    forced = importing(file, "--force")

    assert (refused.code, kept) == (2, "what was here")
    assert "give --force to replace it" in refused.error
    assert forced.code == 0
    assert len(forced.rows()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["IN", "--force", "--out", "IN"], "is among the files of this import"),
        (["IN", "--out", "OUT", "--rejects", "OUT"], "--rejects: OUT is among the files"),
        (["IN", "--out", "nowhere/out.parquet"], "there is no folder nowhere"),
        (["IN", "--out", "."], "expected a file, . is a folder"),
        (["--out", "OUT"], "expected files to import, or --format log"),
        (["IN", "--out", "OUT", "--format", "log"], "expected no file, got IN"),
        (["IN", "--out", "OUT", "--prices", "none.csv"], "--prices: cannot read none.csv: No such file"),
        (["IN", "--out", "OUT", "--prices", "IN"], "--prices: expected"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_parquet(tmp_path / "IN", [canonical_row(0)])

    code = run(["import", *arguments])

    error = capsys.readouterr().err.strip()
    assert (code, error.count("\n")) == (2, 0)
    assert says in error
    assert [each.name for each in tmp_path.iterdir()] == ["IN"]
