"""Real LLMs as the demo's material, and what is said where they cannot be asked."""

from pathlib import Path

import pytest

from pointsman.demo.options import DemoOptions
from pointsman.demo.real import real
from shared.errors import ConfigurationError


def _describe(folder: Path, *lines: str) -> Path:
    folder.mkdir()
    (folder / "a.env").write_text("\n".join(("POINTSMAN_LLM_NAME=a", *lines)))
    return folder


def test_nothing_is_claimed_of_what_is_not_asked(tmp_path: Path) -> None:
    material = real(DemoOptions(out=tmp_path, queries=50), _describe(tmp_path / "llms"), None)

    assert len({one.prompt for one in material.asked}) == 50
    assert material.known == {}
    assert material.lessons is None


def test_a_folder_without_descriptors_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="found none"):
        real(DemoOptions(out=tmp_path), tmp_path, None)


def test_a_key_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    llms = _describe(tmp_path / "llms", "POINTSMAN_LLM_API_KEY_FILE=a.key")

    with pytest.raises(ConfigurationError, match=r"a\.key was not found; set POINTSMAN_KEYS_DIR"):
        real(DemoOptions(out=tmp_path), llms, tmp_path)
