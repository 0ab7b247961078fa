"""What tuning works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pointsman.training.vectors import Embedded, embed
from shared.artifacts import Artifacts
from shared.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Desk:
    """The encoder to beat, the store of model files, a folder for vectors and checkpoints."""

    plain: Encoder
    artifacts: Artifacts
    cache: Path
    progress: Callable[[str, int, int], None]

    def embed(self, prompts: Sequence[str], encoder: Encoder, stage: str) -> Embedded:
        """As served."""
        return embed(prompts, encoder, self.cache, lambda done: self.progress(stage, done, len(prompts)))
