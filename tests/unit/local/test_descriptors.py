"""Descriptors in the state folder."""

from pathlib import Path

import pytest

from pointsman.local.descriptors import install, read, watched
from shared.errors import ConfigurationError


def _descriptor(folder: Path, file: str, llm: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{file}.env").write_text(f"# an LLM\nPOINTSMAN_LLM_NAME={llm}\nPOINTSMAN_LLM_MODEL='a $HOME model'\n")


def test_values_are_taken_literally(tmp_path: Path) -> None:
    _descriptor(tmp_path, "one", "one")

    assert read(tmp_path / "one.env") == {"POINTSMAN_LLM_NAME": "one", "POINTSMAN_LLM_MODEL": "a $HOME model"}


def test_a_file_that_names_no_llm_is_refused_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("POINTSMAN_LLM_MODEL=m\n")

    with pytest.raises(ConfigurationError, match=r"x\.env.*POINTSMAN_LLM_NAME"):
        read(tmp_path / "x.env")


def test_installed_files_carry_the_name_of_their_llm(tmp_path: Path) -> None:
    _descriptor(tmp_path / "from", "file", "llm")

    install(tmp_path / "from", tmp_path / "to", known_only=False)

    assert list(watched(tmp_path / "to")) == ["llm"]


def test_a_restart_does_not_bring_removed_llms_back_nor_drop_added_ones(tmp_path: Path) -> None:
    _descriptor(tmp_path / "from", "kept", "kept")
    _descriptor(tmp_path / "from", "removed", "removed")
    _descriptor(tmp_path / "to", "kept", "kept")
    _descriptor(tmp_path / "to", "added", "added")

    install(tmp_path / "from", tmp_path / "to", known_only=True)

    assert list(watched(tmp_path / "to")) == ["added", "kept"]


def test_two_descriptors_of_one_llm_are_refused(tmp_path: Path) -> None:
    _descriptor(tmp_path / "from", "a", "same")
    _descriptor(tmp_path / "from", "b", "same")

    with pytest.raises(ConfigurationError, match="same"):
        install(tmp_path / "from", tmp_path / "to", known_only=False)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\*\.env"):
        install(tmp_path, tmp_path / "to", known_only=False)
