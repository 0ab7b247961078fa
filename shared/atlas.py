"""An encoder's atlas: one ONNX graph that places vectors among the training queries. Its names and card live here."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.artifacts import Artifacts
from shared.errors import ArtifactError
from shared.head import NEIGHBOURS, SIMILARITIES
from shared.inference import Array, Floats, Integers, Session, Shape, check_shapes

VECTOR = "vector"
#: Probabilities of domains; without any the graph does not have it.
DOMAINS = "domains"
#: Vectors placed at a time.
_CHUNK = 32


class AtlasCard(BaseModel):
    """What is known of an atlas; stored beside its file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: The encoder whose vectors it places.
    encoder: str
    dimensions: Annotated[int, Field(gt=0)]
    #: Training queries, and how many of them are in the atlas.
    queries: int
    rows: int
    #: Of the domains, in the order of their probabilities.
    domains: tuple[str, ...] = ()
    #: Share of the true neighbours among the candidates, on training queries.
    recall: float
    #: Largest difference of a cosine from that of the float32 vectors.
    parity: float
    seed: int
    made_by: dict[str, str]


@dataclass(frozen=True, slots=True)
class Places:
    """Where n vectors lie."""

    #: (n, k) numbers of the most similar training queries, the most similar first; equal ones by number.
    neighbours: Integers
    #: (n, k) their cosines.
    similarities: Floats
    #: (n, m) probabilities; m is 0 without domains.
    domains: Floats


@dataclass(frozen=True, slots=True)
class Place:
    """Where one vector lies: (k,) neighbours and similarities as in Places, its likeliest domain if there are any."""

    neighbours: Integers
    similarities: Floats
    domain: str | None

    @property
    def distance(self) -> float:
        """To the nearest training query, cosine distance."""
        return 1.0 - float(self.similarities[0])


class Atlas:
    """A loaded atlas. Blocking, like its session."""

    def __init__(self, card: AtlasCard, session: Session) -> None:
        """Raises ArtifactError when the graph's inputs and outputs are not an atlas's."""
        neighbours = session.outputs.get(NEIGHBOURS, (None, None))[-1]
        outputs: dict[str, Shape] = dict.fromkeys((NEIGHBOURS, SIMILARITIES), (None, neighbours))
        if card.domains:
            outputs[DOMAINS] = (None, len(card.domains))
        check_shapes("inputs", {VECTOR: (None, card.dimensions)}, session.inputs)
        check_shapes("outputs", outputs, session.outputs)
        self.card = card
        self._session = session

    @classmethod
    def load(cls, sha256: str, artifacts: Artifacts, threads: int = 1) -> "Atlas":
        """Raises ArtifactError when the file is missing or not an atlas."""
        try:
            card = AtlasCard.model_validate(dict(artifacts.card(sha256)))
        except ValidationError as error:
            raise ArtifactError(f"expected {sha256} to have an atlas's card: {error}") from error
        return cls(card, Session(artifacts.get(sha256), threads))

    def __call__(self, vectors: Floats) -> Places:
        """`vectors` (n, d) of the atlas's encoder."""
        return search(self._session, vectors)

    def place(self, vectors: Floats) -> list[Place]:
        """One by one what __call__ says of all."""
        places = self(vectors)
        names = self.card.domains
        domains = [names[row.argmax()] if names else None for row in places.domains]
        return [*map(Place, places.neighbours, places.similarities, domains)]


def search(session: Session, vectors: Floats) -> Places:
    """What an atlas's graph says of (n, d) vectors, some at a time: their candidates in full take memory."""
    parts = [session({VECTOR: vectors[start : start + _CHUNK]}) for start in range(0, len(vectors), _CHUNK)]
    none: Array = np.empty((len(vectors), 0), np.float32)
    return Places(
        neighbours=np.concatenate([part[NEIGHBOURS] for part in parts]),
        similarities=np.concatenate([part[SIMILARITIES] for part in parts]),
        domains=np.concatenate([part[DOMAINS] for part in parts]) if DOMAINS in session.outputs else none,
    )
