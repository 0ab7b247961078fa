"""An LLM's head: one ONNX graph that predicts quality, response tokens and uncertainty. Its names live here."""

from dataclasses import dataclass

import numpy as np

from shared.artifacts import Artifacts
from shared.errors import ArtifactError
from shared.inference import Floats, Session, check_shapes
from shared.messages import Model

EMBEDDING, PROMPT_TOKENS = "embedding", "prompt_tokens"
QUALITY, TOKENS_MEAN, TOKENS_P10, TOKENS_P90 = "quality", "tokens_mean", "tokens_p10", "tokens_p90"
#: u = e'^T A^-1 e' of method 1.5; PCA and A belong to the head's encoder version.
UNCERTAINTY = "uncertainty"
OUTPUTS = (QUALITY, TOKENS_MEAN, TOKENS_P10, TOKENS_P90, UNCERTAINTY)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What a head says of n queries; each (n,) float32."""

    quality: Floats
    tokens_mean: Floats
    tokens_p10: Floats
    tokens_p90: Floats
    uncertainty: Floats


class Head:
    """A loaded head. Blocking, like its session."""

    def __init__(self, version: str, session: Session) -> None:
        """Raises ArtifactError when the graph's inputs and outputs are not a head's."""
        self.dimensions = session.inputs.get(EMBEDDING, (None, None))[-1]
        if self.dimensions is None:
            raise ArtifactError(f"expected {version} to fix the vectors' dimensions; fit it again: pointsman train")
        check_shapes("inputs", {EMBEDDING: (None, self.dimensions), PROMPT_TOKENS: (None, 1)}, session.inputs)
        check_shapes("outputs", dict.fromkeys(OUTPUTS, (None, 1)), session.outputs)
        self.version = version
        self._session = session

    @classmethod
    def load(cls, model: Model, artifacts: Artifacts) -> "Head":
        """Fetch what `model` names; raises ArtifactError when it is missing or not a head."""
        if model.sha256 is None:
            raise ArtifactError(f"expected head {model.version} to name a file; fit it again: pointsman train")
        return cls(model.version, Session(artifacts.get(model.sha256)))

    def predict(self, vectors: Floats, prompt_tokens: Floats) -> Forecasts:
        """`vectors` (n, d) of the head's encoder, `prompt_tokens` (n,) by the encoder's tokenizer."""
        found = self._session({EMBEDDING: vectors, PROMPT_TOKENS: prompt_tokens.reshape(-1, 1)})
        return Forecasts(*(np.asarray(found[name], np.float32).reshape(-1) for name in OUTPUTS))
