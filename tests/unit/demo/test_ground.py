"""What is refused before anything starts."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from pointsman.demo.ground import alone, prepare, scene
from pointsman.local.state import State
from shared.errors import PermanentError, TransientError

_Usage = namedtuple("_Usage", ("total", "used", "free"))


def test_a_second_demo_in_the_folder_is_told_of_the_first(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(PermanentError, match=rf"process {os.getpid()};.*--out"), alone(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PermanentError, match="file"), alone(tmp_path / "file"):
        pass


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "old").touch()

    with scene(tmp_path / "fleet", kept=False):
        assert not (tmp_path / "fleet").exists()


def test_the_logs_of_a_fleet_that_failed_stay(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="see its log"):
        _fail(tmp_path / "fleet")

    assert (tmp_path / "fleet" / "logs").exists()


def test_a_fleet_that_somebody_runs_in_the_state_folder_is_left_alone(tmp_path: Path) -> None:
    state = State(tmp_path / "fleet")

    with (
        state.locked(),
        pytest.raises(PermanentError, match="pointsman down"),
        scene(state.folder, kept=False),
    ):
        pass

    assert state.folder.exists()


def test_a_full_disk_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10**12, 10**12, 0))

    with pytest.raises(PermanentError, match=r"disk: 0 GB free.*free \d+ GB"):
        prepare(tmp_path)


def _fail(folder: Path) -> None:
    with scene(folder, kept=False):
        (folder / "logs").mkdir(parents=True)
        raise TransientError("kafka ended with code 1: see its log")
