from pathlib import Path

import pytest

from pointsman.command.joining import settings_of
from shared.errors import ConfigurationError

DESCRIPTOR = """\
# An LLM
POINTSMAN_LLM_NAME=large
POINTSMAN_LLM_BASE_URL=http://localhost:8000/v1
POINTSMAN_LLM_USD_PER_MTOK_INPUT=3
POINTSMAN_LLM_USD_PER_MTOK_OUTPUT=15
POINTSMAN_LLM_PARALLELISM=2
"""


def test_a_descriptor_is_read_as_its_worker_will_read_it(tmp_path: Path) -> None:
    file = tmp_path / "large.env"
    file.write_text(DESCRIPTOR)

    settings = settings_of(file)

    assert (settings.llm_name, settings.llm_usd_per_mtok_output, settings.llm_parallelism) == ("large", 15.0, 2)


@pytest.mark.parametrize(
    ("wrong", "variable"),
    [
        ("POINTSMAN_LLM_NAME=Large!", "POINTSMAN_LLM_NAME"),
        ("POINTSMAN_LLM_BASE_URL=localhost", "POINTSMAN_LLM_BASE_URL"),
        ("POINTSMAN_LLM_USD_PER_MTOK_INPUT=-1", "POINTSMAN_LLM_USD_PER_MTOK_INPUT"),
        ("POINTSMAN_LLM_PARALLELISM=0", "POINTSMAN_LLM_PARALLELISM"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, wrong: str, variable: str) -> None:
    file = tmp_path / "large.env"
    file.write_text(f"{DESCRIPTOR}{wrong}\n")

    with pytest.raises(ConfigurationError, match=variable):
        settings_of(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.env"):
        settings_of(tmp_path / "nowhere.env")
