"""Charts training vectors: the atlas's graph, and where the training queries themselves lie in it."""

from dataclasses import dataclass
from importlib.metadata import version as version_of

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from services.trainer.fitting.examples import Mask
from shared.artifacts import Artifact, Artifacts
from shared.atlas import DOMAINS, VECTOR, AtlasCard
from shared.encoder import EncoderCard
from shared.errors import ArtifactError
from shared.head import NEIGHBOURS, SIMILARITIES
from shared.inference import Floats, Integers, Session

OPSET, _IR_VERSION = 20, 10
#: Largest difference of a cosine, as vectors are kept in half precision.
PARITY_CEILING = 1e-3
#: Vectors placed at a time.
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class AtlasConfig:
    """How vectors are charted."""

    #: Neighbours of a vector.
    neighbours: int = 40
    #: Of more training queries, as many are drawn: the search reads all of them for each query.
    most_rows: int = 20_000
    #: [D] T of method 1.2: domain probabilities are softmax(cosine to the centroid / T).
    temperature: float = 0.1
    #: Of the draw.
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Regions:
    """Domains as the atlas knows them: names, and centroids (m, d) of unit length."""

    names: tuple[str, ...]
    centroids: Floats


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
    parity: float


def chart(vectors: Floats, regions: Regions | None, config: AtlasConfig) -> Chart:
    """Chart (n, d) vectors of unit length; raises ArtifactError when the graph does not find what numpy finds."""
    numbers = _drawn(len(vectors), config.most_rows, config.seed)
    wanted = min(config.neighbours, len(numbers) - 1)
    graph = atlas_graph(vectors, numbers, regions, wanted, config.temperature)
    # One more than is served, as each query finds itself.
    wider = Session(atlas_graph(vectors, numbers, None, wanted + 1, config.temperature))
    found = [wider({VECTOR: vectors[start : start + _CHUNK]}) for start in range(0, len(vectors), _CHUNK)]
    near = np.concatenate([part[NEIGHBOURS] for part in found])
    others = _others(near)
    similarities = np.concatenate([part[SIMILARITIES] for part in found])[others].reshape(len(vectors), wanted)
    neighbours = near[others].reshape(len(vectors), wanted)
    parity = _parity(vectors, neighbours, similarities)
    names = () if regions is None else regions.names
    return Chart(graph, neighbours, similarities, len(numbers), names, parity)


def store_atlas(charted: Chart, encoder: EncoderCard, config: AtlasConfig, artifacts: Artifacts) -> Artifact:
    """Write an atlas's file and card."""
    card = AtlasCard(
        encoder=encoder.version,
        dimensions=encoder.dimensions,
        queries=len(charted.neighbours),
        rows=charted.rows,
        domains=charted.domains,
        parity=charted.parity,
        seed=config.seed,
        made_by={package: version_of(package) for package in ("numpy", "onnx")},
    )
    return artifacts.put(charted.graph, {"kind": "atlas", **card.model_dump(mode="json")})


def atlas_graph(
    vectors: Floats, numbers: Integers, regions: Regions | None, neighbours: int, temperature: float
) -> bytes:
    """Cosines to the rows `numbers` of `vectors`, the largest of them, and the probabilities of the domains."""
    constants = {
        "half_rows": vectors[numbers].T.astype(np.float16),
        "numbers": numbers,
        "wanted": np.array([neighbours], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["half_rows"], ["rows"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", [VECTOR, "rows"], ["cosines"]),
        helper.make_node("TopK", ["cosines", "wanted"], [SIMILARITIES, "places"], axis=1),
        helper.make_node("Gather", ["numbers", "places"], [NEIGHBOURS]),
    ]
    outputs = [_tensor(NEIGHBOURS, TensorProto.INT64, neighbours), _tensor(SIMILARITIES, TensorProto.FLOAT, neighbours)]
    if regions is not None:
        constants["sharpened_centroids"] = (regions.centroids.T / temperature).astype(np.float32)
        nodes.append(helper.make_node("MatMul", [VECTOR, "sharpened_centroids"], ["sharpened"]))
        nodes.append(helper.make_node("Softmax", ["sharpened"], [DOMAINS], axis=1))
        outputs.append(_tensor(DOMAINS, TensorProto.FLOAT, len(regions.names)))
    kept = [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()]
    inputs = [_tensor(VECTOR, TensorProto.FLOAT, vectors.shape[1])]
    graph = helper.make_graph(nodes, "atlas", inputs, outputs, kept)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="pointsman")
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


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


def _parity(vectors: Floats, neighbours: Integers, similarities: Floats) -> float:
    """Largest difference of a cosine, over a share of the queries; raises ArtifactError when that is too large."""
    some = slice(None, None, max(1, len(vectors) // _CHUNK))
    exact = np.einsum("nd,nkd->nk", vectors[some], vectors[neighbours[some]])
    largest = float(np.abs(exact - similarities[some]).max(initial=0.0))
    if largest > PARITY_CEILING:
        raise ArtifactError(f"expected the atlas's cosines within {PARITY_CEILING} of numpy's, got {largest:.2g}")
    return largest


def _tensor(name: str, kind: int, width: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["n", width])
