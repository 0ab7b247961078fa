"""A fitted head as one ONNX file; its names are those of shared.head."""

import warnings
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

from services.trainer.fitting.heads import Estimator, FittedHead, length_features
from shared.errors import ArtifactError
from shared.head import (
    EMBEDDING,
    PROMPT_TOKENS,
    QUALITY,
    TOKENS_MEAN,
    TOKENS_P10,
    TOKENS_P90,
    UNCERTAINTY,
    Forecasts,
    Head,
    Inputs,
)
from shared.inference import Floats, Session

OPSET, ML_OPSET = 20, 3
_IR_VERSION = 10
#: Largest difference between the graph and what it was made from.
PARITY_CEILING = 1e-4


def head_graph(head: FittedHead) -> bytes:
    """The whole head in one graph: two estimators, the way back from logarithms, and the uncertainty."""
    dimensions = len(head.projection.mean)
    builder = _Builder()
    builder.estimator("quality_of", head.quality, EMBEDDING, "raw_quality", dimensions)
    builder.node("Clip", ["raw_quality", builder.number(0), builder.number(1)], QUALITY)
    _add_length(builder, head, dimensions)
    _add_uncertainty(builder, head)
    inputs = [_tensor(EMBEDDING, dimensions), _tensor(PROMPT_TOKENS, 1)]
    outputs = [_tensor(name, 1) for name in (QUALITY, TOKENS_MEAN, TOKENS_P10, TOKENS_P90, UNCERTAINTY)]
    graph = helper.make_graph(builder.nodes, "head", inputs, outputs, builder.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="pointsman")
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def check_parity(head: FittedHead, content: bytes, inputs: Inputs) -> float:
    """The largest difference between the graph and the estimators on these queries; raises ArtifactError if too large.

    Tokens are compared as logarithms, in which they were fitted.
    """
    made = Head("parity", Session(content)).predict(inputs)
    largest = max(float(np.abs(one - other).max()) for one, other in _pairs(head, made, inputs))
    if largest > PARITY_CEILING:
        raise ArtifactError(f"expected the ONNX head within {PARITY_CEILING} of its estimators, got {largest:.2g}")
    return largest


def _pairs(head: FittedHead, made: Forecasts, inputs: Inputs) -> Sequence[tuple[Floats, Floats]]:
    logs = head.log_tokens.predict(length_features(inputs.vectors, inputs.prompt_tokens)).clip(0, head.most_log_tokens)
    projected = head.projection(inputs.vectors)
    uncertainty = np.einsum("nk,kj,nj->n", projected, head.inverse_of_seen, projected)
    return [
        (made.quality, head.quality.predict(inputs.vectors).clip(0, 1)),
        (np.log1p(made.tokens_mean), np.log1p((np.exp(logs) * head.smear - 1).clip(0))),
        (np.log1p(made.tokens_p10), np.log1p((np.exp(logs + head.low) - 1).clip(0))),
        (np.log1p(made.tokens_p90), np.log1p((np.exp(logs + head.high) - 1).clip(0))),
        (made.uncertainty, uncertainty),
    ]


def _add_length(builder: "_Builder", head: FittedHead, dimensions: int) -> None:
    one = builder.number(1)
    builder.node("Add", [PROMPT_TOKENS, one], "prompt_tokens_1")
    builder.node("Log", ["prompt_tokens_1"], "log_prompt_tokens")
    builder.node("Concat", [EMBEDDING, "log_prompt_tokens"], "length_features", axis=1)
    builder.estimator("length_of", head.log_tokens, "length_features", "raw_log_tokens", dimensions + 1)
    builder.node("Clip", ["raw_log_tokens", builder.number(0), builder.number(head.most_log_tokens)], "log_tokens")
    factors = {TOKENS_MEAN: head.smear, TOKENS_P10: np.exp(head.low), TOKENS_P90: np.exp(head.high)}
    builder.node("Exp", ["log_tokens"], "tokens_1")
    for output, factor in factors.items():
        builder.node("Mul", ["tokens_1", builder.number(factor)], f"{output}_1")
        builder.node("Sub", [f"{output}_1", one], f"{output}_signed")
        builder.node("Relu", [f"{output}_signed"], output)


def _add_uncertainty(builder: "_Builder", head: FittedHead) -> None:
    """u = e'^T A^-1 e', with the bias appended as a column that is (first component) * 0 + 1."""
    builder.node("Sub", [EMBEDDING, builder.array(head.projection.mean)], "centred")
    builder.node("MatMul", ["centred", builder.array(head.projection.whitening)], "whitened")
    builder.node("Mul", [PROMPT_TOKENS, builder.number(0)], "zeros")
    builder.node("Add", ["zeros", builder.number(1)], "ones")
    builder.node("Concat", ["whitened", "ones"], "biased", axis=1)
    builder.node("LpNormalization", ["biased"], "projected", axis=1, p=2)
    builder.node("MatMul", ["projected", builder.array(head.inverse_of_seen)], "weighed")
    builder.node("Mul", ["weighed", "projected"], "terms")
    builder.node("ReduceSum", ["terms", builder.array(np.array([1], np.int64))], UNCERTAINTY, keepdims=1)


class _Builder:
    """Collects the nodes and constants of one graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: int) -> None:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))

    def number(self, value: float) -> str:
        return self.array(np.array(value, np.float32))

    def array(self, value: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def estimator(self, prefix: str, estimator: Estimator, source: str, output: str, width: int) -> None:
        """Take over skl2onnx's graph under a prefix of its own."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            model = to_onnx(
                estimator,
                initial_types=[("X", FloatTensorType([None, width]))],
                target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
            )
        graph = compose.add_prefix(model, f"{prefix}/").graph
        self.node("Identity", [source], graph.input[0].name)
        self.nodes.extend(graph.node)
        self.constants.extend(graph.initializer)
        self.node("Identity", [graph.output[0].name], output)


def _tensor(name: str, width: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
