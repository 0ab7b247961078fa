"""An LLM's head: one ONNX graph that predicts quality, response tokens and uncertainty. Its names live here."""

from dataclasses import dataclass

import numpy as np

from shared.artifacts import Artifacts
from shared.errors import ArtifactError
from shared.features import FEATURES as FEATURE_NAMES
from shared.inference import Array, Floats, Integers, Session, Shape, check_shapes
from shared.messages import Model

#: Inputs: these two always, the others where the head reads them.
EMBEDDING, PROMPT_TOKENS = "embedding", "prompt_tokens"
FEATURES, NEIGHBOURS, SIMILARITIES = "features", "neighbours", "similarities"
QUALITY, TOKENS_MEAN, TOKENS_P10, TOKENS_P90 = "quality", "tokens_mean", "tokens_p10", "tokens_p90"
#: u = e'^T A^-1 e' of method 1.5; PCA and A belong to the head's encoder version.
UNCERTAINTY = "uncertainty"
OUTPUTS = (QUALITY, TOKENS_MEAN, TOKENS_P10, TOKENS_P90, UNCERTAINTY)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is known of n queries before anybody answers them; None where the encoder does not say it."""

    #: (n, d) float32, unit length.
    vectors: Floats
    #: (n,) by the encoder's tokenizer.
    prompt_tokens: Floats
    #: (n, f), see shared.features.
    features: Floats | None = None
    #: (n, k) numbers of the most similar training queries, and (n, k) their cosines, descending; see shared.atlas.
    neighbours: Integers | None = None
    similarities: Floats | None = None

    def feeds(self) -> dict[str, Array]:
        """What is known, by the names of a head's inputs."""
        named = {
            EMBEDDING: self.vectors,
            PROMPT_TOKENS: self.prompt_tokens.reshape(-1, 1),
            FEATURES: self.features,
            NEIGHBOURS: self.neighbours,
            SIMILARITIES: self.similarities,
        }
        return {name: value for name, value in named.items() if value is not None}

    def __getitem__(self, rows: Array) -> "Inputs":
        """Those of some queries: a mask (n,), or their indices."""
        return Inputs(
            vectors=self.vectors[rows],
            prompt_tokens=self.prompt_tokens[rows],
            features=None if self.features is None else self.features[rows],
            neighbours=None if self.neighbours is None else self.neighbours[rows],
            similarities=None if self.similarities is None else self.similarities[rows],
        )


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
        check_shapes("inputs", self._inputs(session), session.inputs)
        check_shapes("outputs", dict.fromkeys(OUTPUTS, (None, 1)), session.outputs)
        self.version = version
        self._reads = session.inputs
        self._session = session

    def _inputs(self, session: Session) -> dict[str, Shape]:
        """What a head's inputs look like, the optional ones where the graph has them."""
        neighbours = session.inputs.get(NEIGHBOURS, (None, None))[-1]
        optional = {FEATURES: len(FEATURE_NAMES), NEIGHBOURS: neighbours, SIMILARITIES: neighbours}
        needed = {EMBEDDING: self.dimensions, PROMPT_TOKENS: 1}
        return {name: (None, width) for name, width in (needed | optional).items() if name in needed | session.inputs}

    @classmethod
    def load(cls, model: Model, artifacts: Artifacts) -> "Head":
        """Fetch what `model` names; raises ArtifactError when it is missing or not a head."""
        if model.sha256 is None:
            raise ArtifactError(f"expected head {model.version} to name a file; fit it again: pointsman train")
        return cls(model.version, Session(artifacts.get(model.sha256)))

    def lacks(self, inputs: Inputs) -> str | None:
        """The first input that it reads and that is not there, or is of another width; None when it can predict."""
        known = inputs.feeds()
        for name, shape in self._reads.items():
            if name not in known or known[name].shape[1:] != shape[1:]:
                return name
        return None

    def predict(self, inputs: Inputs) -> Forecasts:
        """What it says of queries that its encoder embedded; raises ArtifactError when they lack what it reads."""
        lacking = self.lacks(inputs)
        if lacking is not None:
            raise ArtifactError(f"expected {lacking} for head {self.version}, the encoder gives none; train both again")
        known = inputs.feeds()
        found = self._session({name: known[name] for name in self._reads})
        return Forecasts(*(np.asarray(found[name], np.float32).reshape(-1) for name in OUTPUTS))
