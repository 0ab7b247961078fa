"""ONNX Runtime for serving: one loaded file, bounded threads, errors that name the file's fault."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from shared.errors import ArtifactError

Array = NDArray[Any]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
#: Dimensions of a tensor; None where a dimension is free.
Shape = tuple[int | None, ...]

_BAD_FILE = (
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.NoModel,
    runtime.NotImplemented,
)
_ERRORS_ONLY = 3


class Session:
    """An ONNX file ready to run. Blocking, and it releases the GIL: call it from a thread."""

    def __init__(self, content: bytes, threads: int = 1) -> None:
        """Load `content`; raises ArtifactError when it is not an ONNX graph this runtime can run."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # The arena keeps the largest batch ever seen; prompts differ too much in length for that.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except _BAD_FILE as error:
            raise ArtifactError(f"expected an ONNX graph: {error}") from error
        self.inputs: dict[str, Shape] = {node.name: _shape(node.shape) for node in self._session.get_inputs()}
        self.outputs: dict[str, Shape] = {node.name: _shape(node.shape) for node in self._session.get_outputs()}

    def __call__(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """All outputs by name; raises ArtifactError when the graph does not take these inputs."""
        try:
            values = self._session.run(None, dict(feeds))
        except _BAD_FILE as error:
            raise ArtifactError(f"the ONNX graph failed: {error}") from error
        return dict(zip(self.outputs, values, strict=True))


def check_shapes(what: str, expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> None:
    """Raise ArtifactError unless `found` has exactly the expected names and fixed dimensions."""
    if dict(expected) != dict(found):
        raise ArtifactError(f"expected {what} {dict(expected)}, the file has {dict(found)}; export it again")


def _shape(dimensions: list[int | str | None]) -> Shape:
    return tuple(size if isinstance(size, int) else None for size in dimensions)
