"""The exported encoder, made once per session: it takes seconds."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from services.embedder.export import ExportConfig, Exported, export
from shared.artifacts import Artifacts


@dataclass(frozen=True, slots=True)
class EncoderFixture:
    """Both precisions in a store of this session; int8 is the one to serve."""

    artifacts_url: str
    float32: Exported
    int8: Exported


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> EncoderFixture:
    folder: Path = tmp_path_factory.mktemp("artifacts")
    url = f"file://{folder}"
    float32, int8 = export(ExportConfig(), Artifacts(url))
    return EncoderFixture(url, float32, int8)
