"""What this user may not read or write; who is root becomes nobody for the moment."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pointsman.command.main import run
from tests.unit.importing.files import canonical_row, write_parquet

_NOBODY = 65534


@contextmanager
def without_rights() -> Iterator[None]:
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that everybody may look into and nobody may write to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_parquet(folder / "in.parquet", [canonical_row(0)])
        # Loads what is imported late: nobody could not.
        assert run(["import", str(folder / "in.parquet"), "--out", str(folder / "secret.parquet")]) == 0
        (folder / "secret.parquet").chmod(0)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize(
    ("file", "out", "says"),
    [
        ("secret.parquet", "new.parquet", "cannot read {folder}/secret.parquet: Permission denied"),
        ("in.parquet", "new.parquet", "cannot write in {folder}: Permission denied"),
    ],
)
def test_no_permission_is_one_line(
    file: str, out: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    with without_rights():
        code = run(["import", str(folder / file), "--out", str(folder / out)])

    assert code == 2
    assert capsys.readouterr().err == f"pointsman: {says.format(folder=folder)}\n"
    assert sorted(each.name for each in folder.iterdir()) == ["in.parquet", "secret.parquet"]
