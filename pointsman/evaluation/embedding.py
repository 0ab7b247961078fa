"""Queries of an evaluation in the space of the encoder that would be served."""

import os
from dataclasses import dataclass
from pathlib import Path

from pointsman.evaluation.answered import Answered
from pointsman.evaluation.encoders import Speed, exported_model, measure_speed
from pointsman.training.charting import Charted, chart_encoder
from pointsman.training.config import TrainConfig
from pointsman.training.encoding import encode
from pointsman.training.progress import Progress
from pointsman.training.tuning.desk import Desk
from pointsman.training.vectors import Embedded
from services.embedder.export import ExportConfig
from shared.artifacts import Artifacts
from shared.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Space:
    """An encoder, with an atlas of the training queries."""

    encoder: Encoder
    charted: Charted
    desk: Desk

    @classmethod
    def of(cls, train: Answered, desk: Desk, artifacts: Artifacts, config: TrainConfig) -> "Space":
        """By the code of `pointsman train`; the atlas is stored in `artifacts`."""
        made = encode(train.recorded(train.output_tokens), desk, config.encoding)
        return cls(
            made.encoder, chart_encoder(made.encoder, made.embedded, made.regions, artifacts, config.atlas), desk
        )

    @property
    def train(self) -> Embedded:
        return self.charted.embedded

    def embed(self, test: Answered) -> Embedded:
        """Queries that are none of the atlas's."""
        return self.desk.embed(test.prompts, self.encoder, "Embedding test prompts").placed(self.charted.atlas)

    def speed(self, test: Answered) -> Speed:
        return measure_speed(self.encoder.model, self.desk.artifacts, test.prompts)


def open_desk(config: ExportConfig, cache: Path, progress: Progress) -> Desk:
    """With the exported encoder; it and vectors are kept below `cache`."""
    model, artifacts = exported_model(config, cache / "encoders")
    return Desk(Encoder.load(model, artifacts, threads=os.cpu_count() or 1), artifacts, cache / "vectors", progress)
