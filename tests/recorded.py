"""Recorded answers of real LLMs, which the project does not ship; tests that need them skip without."""

import os
from pathlib import Path

import pytest

#: POINTSMAN_DATA, else the folder beside the checkout.
DATA = Path(os.environ.get("POINTSMAN_DATA", Path(__file__).parents[2] / "shared" / "data"))

needs_recorded_answers = pytest.mark.skipif(
    not (DATA / "pools.json").exists(), reason=f"no recorded answers at {DATA}; set POINTSMAN_DATA"
)
