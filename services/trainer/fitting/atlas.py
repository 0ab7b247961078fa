"""Charts training vectors: how an atlas is to search, and where the training queries themselves lie in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of

import numpy as np

from services.trainer.fitting.atlas_graph import Regions, Rows, atlas_graph
from services.trainer.fitting.examples import Mask
from shared.artifacts import Artifact, Artifacts
from shared.atlas import AtlasCard, search
from shared.encoder import EncoderCard
from shared.errors import ArtifactError
from shared.inference import Floats, Integers, Session

#: Largest difference of a cosine, as vectors are kept in half precision.
PARITY_CEILING = 1e-3
#: Share of the true neighbours that the search must find.
RECALL_FLOOR = 0.99
#: Cosines that differ by less are equal.
_ALIKE = 1e-5
#: Queries that recall and parity are measured on.
_MEASURED = 256


@dataclass(frozen=True, slots=True)
class AtlasConfig:
    """How vectors are charted."""

    #: Neighbours of a vector.
    neighbours: int = 40
    #: Of more training queries, as many are drawn: the search reads all of them for each query.
    most_rows: int = 20_000
    #: Principal directions searched first; the first of these that recalls enough, else all.
    widths: tuple[int, ...] = (64, 128)
    #: Rows found along them, per neighbour; these are compared in full.
    candidates: int = 3
    #: [D] T of method 1.2: domain probabilities are softmax(cosine to the centroid / T).
    temperature: float = 0.1
    #: Of the draw.
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """A fitted atlas, and where its n training queries lie, each without itself."""

    graph: bytes
    #: (n, k); see shared.atlas.Places.
    neighbours: Integers
    similarities: Floats
    #: Training queries in the atlas.
    rows: int
    domains: tuple[str, ...]
    recall: float
    parity: float


def chart(vectors: Floats, regions: Regions | None, config: AtlasConfig) -> Chart:
    """Chart (n, d) vectors of unit length; raises ArtifactError when the graph's cosines are not those of numpy."""
    numbers = _drawn(len(vectors), config.most_rows, config.seed)
    # One neighbour more than is served, as each query finds itself.
    wanted = min(config.neighbours, len(numbers) - 1) + 1
    rows = Rows(vectors[numbers], numbers, min(config.candidates * wanted, len(numbers)))
    directions, recall = _directions(rows, vectors[_some(vectors)], wanted, config.widths)
    found = search(Session(atlas_graph(rows, directions, wanted, None, config.temperature)), vectors)
    others = _others(found.neighbours)
    neighbours = found.neighbours[others].reshape(len(vectors), wanted - 1)
    similarities = found.similarities[others].reshape(len(vectors), wanted - 1)
    return Chart(
        graph=atlas_graph(rows, directions, wanted - 1, regions, config.temperature),
        neighbours=neighbours,
        similarities=similarities,
        rows=len(numbers),
        domains=() if regions is None else regions.names,
        recall=recall,
        parity=_parity(vectors, neighbours, similarities),
    )


def store_atlas(charted: Chart, encoder: EncoderCard, config: AtlasConfig, artifacts: Artifacts) -> Artifact:
    """Write an atlas's file and card."""
    card = AtlasCard(
        encoder=encoder.version,
        dimensions=encoder.dimensions,
        queries=len(charted.neighbours),
        rows=charted.rows,
        domains=charted.domains,
        recall=charted.recall,
        parity=charted.parity,
        seed=config.seed,
        made_by={package: version_of(package) for package in ("numpy", "onnx")},
    )
    return artifacts.put(charted.graph, {"kind": "atlas", **card.model_dump(mode="json")})


def _directions(rows: Rows, queries: Floats, wanted: int, widths: Sequence[int]) -> tuple[Floats, float]:
    """Principal directions (d, c) along which the search finds the neighbours of these queries, and which share.

    The eigenvectors of the rows' second moments with the largest eigenvalues, their right singular vectors: no others
    keep as much of the rows (Eckart and Young 1936). Of equally near rows, any will do.
    """
    _, ascending = np.linalg.eigh(rows.vectors.T.astype(np.float64) @ rows.vectors)
    directions: Floats = ascending[:, ::-1].astype(np.float32)
    cosines = queries @ rows.vectors.T
    near_enough = np.partition(cosines, -wanted, axis=1)[:, [-wanted]] - _ALIKE
    for width in (*widths, directions.shape[1]):
        some = directions[:, :width]
        rough = (queries @ some) @ (rows.vectors @ some).T
        candidates = np.argpartition(-rough, rows.candidates - 1, axis=1)[:, : rows.candidates]
        near = (np.take_along_axis(cosines, candidates, axis=1) >= near_enough).sum(axis=1)
        recall = float(np.minimum(near, wanted).mean() / wanted)
        if recall >= RECALL_FLOOR:
            break
    return some, recall


def _drawn(queries: int, most: int, seed: int) -> Integers:
    """Numbers of the queries that the atlas has, ascending."""
    if queries <= most:
        return np.arange(queries)
    return np.sort(np.random.default_rng(seed).choice(queries, most, replace=False))


def _others(near: Integers) -> Mask:
    """Mask (n, k + 1) of the k neighbours of each query that are not the query itself."""
    other: Mask = near != np.arange(len(near))[:, None]
    # Where a query is not in the atlas, or lost among its equals, the last one is left out.
    other[other.all(axis=1), -1] = False
    return other


def _some(vectors: Floats) -> slice:
    """Enough of them to measure on, from all over."""
    return slice(None, None, max(1, len(vectors) // _MEASURED))


def _parity(vectors: Floats, neighbours: Integers, similarities: Floats) -> float:
    """Largest difference of a cosine, over some of the queries; raises ArtifactError when that is too large."""
    some = _some(vectors)
    exact = np.einsum("nd,nkd->nk", vectors[some], vectors[neighbours[some]])
    largest = float(np.abs(exact - similarities[some]).max(initial=0.0))
    if largest > PARITY_CEILING:
        raise ArtifactError(f"expected the atlas's cosines within {PARITY_CEILING} of numpy's, got {largest:.2g}")
    return largest
