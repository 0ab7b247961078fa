"""An atlas as one ONNX file; its names are those of shared.atlas."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from shared.atlas import DOMAINS, VECTOR
from shared.head import NEIGHBOURS, SIMILARITIES
from shared.inference import Array, Floats, Integers

OPSET, _IR_VERSION = 20, 10
_FLOAT, _INTEGER = TensorProto.FLOAT, TensorProto.INT64


@dataclass(frozen=True, slots=True)
class Rows:
    """What is searched: vectors (m, d), their numbers (m,), and how many are compared in full."""

    vectors: Floats
    numbers: Integers
    candidates: int


@dataclass(frozen=True, slots=True)
class Regions:
    """Domains as the atlas knows them: names, and centroids (m, d) of unit length."""

    names: tuple[str, ...]
    centroids: Floats


def atlas_graph(rows: Rows, directions: Floats, neighbours: int, regions: Regions | None, temperature: float) -> bytes:
    """Candidates by their cosines along the directions (d, c), the nearest of these in full, and the domains.

    All rows in full would be read from memory for each query: five times as much, and that is what a search costs.
    """
    constants: dict[str, Array] = {
        "directions": directions,
        "half_sketches": (rows.vectors @ directions).T.astype(np.float16),
        "half_rows": rows.vectors.astype(np.float16),
        "numbers": rows.numbers,
        "candidates_wanted": np.array([rows.candidates], np.int64),
        "wanted": np.array([neighbours], np.int64),
        "last": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["half_sketches"], ["sketches"], to=_FLOAT),
        helper.make_node("MatMul", [VECTOR, "directions"], ["sketch"]),
        helper.make_node("MatMul", ["sketch", "sketches"], ["rough_cosines"]),
        helper.make_node("TopK", ["rough_cosines", "candidates_wanted"], ["_", "candidates"], axis=1),
        helper.make_node("Gather", ["half_rows", "candidates"], ["half_near"]),
        helper.make_node("Cast", ["half_near"], ["near"], to=_FLOAT),
        helper.make_node("Unsqueeze", [VECTOR, "last"], ["column"]),
        helper.make_node("MatMul", ["near", "column"], ["cosine_columns"]),
        helper.make_node("Squeeze", ["cosine_columns", "last"], ["cosines"]),
        helper.make_node("TopK", ["cosines", "wanted"], [SIMILARITIES, "order"], axis=1),
        helper.make_node("GatherElements", ["candidates", "order"], ["places"], axis=1),
        helper.make_node("Gather", ["numbers", "places"], [NEIGHBOURS]),
    ]
    outputs = [_tensor(NEIGHBOURS, _INTEGER, neighbours), _tensor(SIMILARITIES, _FLOAT, neighbours)]
    if regions is not None:
        constants["sharpened_centroids"] = (regions.centroids.T / temperature).astype(np.float32)
        nodes.append(helper.make_node("MatMul", [VECTOR, "sharpened_centroids"], ["sharpened"]))
        nodes.append(helper.make_node("Softmax", ["sharpened"], [DOMAINS], axis=1))
        outputs.append(_tensor(DOMAINS, _FLOAT, len(regions.names)))
    kept = [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "atlas", [_tensor(VECTOR, _FLOAT, len(directions))], outputs, kept)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="pointsman")
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _tensor(name: str, kind: int, width: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["n", width])
