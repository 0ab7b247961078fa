"""Fixtures every test may use, and the marker each folder stands for."""

from pathlib import Path

import pytest

_FOLDERS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(_FOLDERS).parts[0]
        item.add_marker(getattr(pytest.mark, folder))
