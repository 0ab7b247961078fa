"""Heads whose every output is a column of an input."""

import onnx
from onnx import TensorProto, helper

from shared.features import FEATURES
from shared.head import OUTPUTS, Head
from shared.inference import Session

#: Of a head's inputs, with vectors of 3 numbers and 2 neighbours.
WIDTHS = {"embedding": 3, "prompt_tokens": 1, "features": len(FEATURES), "neighbours": 2, "similarities": 2}


def head(**widths: int) -> Head:
    """Every output is the first column of the last input."""
    source = [*widths][-1]
    kinds = {"neighbours": TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(name, kinds.get(name, 1), ["n", width]) for name, width in widths.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in OUTPUTS]
    nodes = [helper.make_node("Cast", [source], ["numbers"], to=TensorProto.FLOAT)]
    nodes += [helper.make_node("Gather", ["numbers", "first"], [name], axis=1) for name in OUTPUTS]
    first = helper.make_tensor("first", TensorProto.INT64, [1], [0])
    graph = helper.make_graph(nodes, "head", inputs, outputs, [first])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return Head("v1", Session(model.SerializeToString()))
