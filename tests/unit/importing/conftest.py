from pathlib import Path

import pytest

from tests.unit.importing.files import Importing


@pytest.fixture
def importing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importing:
    return Importing(tmp_path, capsys)
