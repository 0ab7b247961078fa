"""Collects the nodes and constants of one ONNX graph."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, ML_OPSET = 20, 3
_IR_VERSION = 10

#: What a node may be told beside its inputs.
Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str]


class Builder:
    """Names are given out in order, so that equal estimators make equal bytes."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}

    def input(self, name: str, width: int, kind: int = TensorProto.FLOAT) -> str:
        """An input (n, width) of the graph; asking again for one that is there does no harm."""
        self._inputs[name] = helper.make_tensor_value_info(name, kind, ["n", width])
        return name

    def node(
        self, kind: str, inputs: Sequence[str], output: str | None = None, domain: str = "", **attributes: Attribute
    ) -> str:
        """The name of what it puts out."""
        name = f"value_{len(self._nodes)}" if output is None else output
        self._nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def number(self, value: float) -> str:
        return self.array(np.array(value, np.float32))

    def array(self, value: np.ndarray) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def content(self, outputs: Sequence[str]) -> bytes:
        """The checked graph, with these outputs (n, 1)."""
        named = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in outputs]
        graph = helper.make_graph(self._nodes, "head", list(self._inputs.values()), named, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="pointsman")
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content
