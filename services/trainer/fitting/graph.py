"""A fitted head as one ONNX file; its names are those of shared.head."""

from collections.abc import Sequence

import numpy as np

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.columns import write_columns
from services.trainer.fitting.heads import FittedHead
from shared.errors import ArtifactError
from shared.head import (
    EMBEDDING,
    OUTPUTS,
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

#: Largest difference between the graph and what it was made from.
PARITY_CEILING = 1e-4
#: Queries that they are compared on, spread over all.
PARITY_ROWS = 500


def head_graph(head: FittedHead) -> bytes:
    """The whole head in one graph: two estimators, the way back from logarithms, and the uncertainty."""
    builder = Builder()
    columns = write_columns(builder, head.basis.dimensions, head.basis.features)
    bounds = [builder.number(0), builder.number(1)]
    builder.node("Clip", [head.quality.write(builder, columns), *bounds], QUALITY)
    _add_length(builder, head, columns)
    _add_uncertainty(builder, head)
    return builder.content(OUTPUTS)


def check_parity(head: FittedHead, content: bytes, inputs: Inputs) -> float:
    """The largest difference between the graph and the estimators on these queries; raises ArtifactError if too large.

    Tokens are compared as logarithms, in which they were fitted.
    """
    inputs = inputs[np.unique(np.linspace(0, len(inputs.vectors) - 1, PARITY_ROWS).astype(np.int64))]
    made = Head("parity", Session(content)).predict(inputs)
    largest = max(float(np.abs(one - other).max()) for one, other in _pairs(head, made, inputs))
    if largest > PARITY_CEILING:
        raise ArtifactError(f"expected the ONNX head within {PARITY_CEILING} of its estimators, got {largest:.2g}")
    return largest


def _pairs(head: FittedHead, made: Forecasts, inputs: Inputs) -> Sequence[tuple[Floats, Floats]]:
    views = head.basis.see(inputs)
    quality = head.quality.predict(views.quality[head.judged_quality.kind])
    logs = head.log_tokens.predict(views.length[head.judged_length.kind]).clip(0, head.most_log_tokens)
    projected = head.basis.projection(inputs.vectors)
    uncertainty = np.einsum("nk,kj,nj->n", projected, head.inverse_of_seen, projected)
    return [
        (made.quality, quality.clip(0, 1)),
        (np.log1p(made.tokens_mean), np.log1p((np.exp(logs) * head.smear - 1).clip(0))),
        (np.log1p(made.tokens_p10), np.log1p((np.exp(logs + head.low) - 1).clip(0))),
        (np.log1p(made.tokens_p90), np.log1p((np.exp(logs + head.high) - 1).clip(0))),
        (made.uncertainty, uncertainty),
    ]


def _add_length(builder: Builder, head: FittedHead, columns: str) -> None:
    one = builder.number(1)
    bounds = [builder.number(0), builder.number(head.most_log_tokens)]
    log_tokens = builder.node("Clip", [head.log_tokens.write(builder, columns), *bounds])
    tokens_1 = builder.node("Exp", [log_tokens])
    factors = {TOKENS_MEAN: head.smear, TOKENS_P10: np.exp(head.low), TOKENS_P90: np.exp(head.high)}
    for output, factor in factors.items():
        scaled = builder.node("Mul", [tokens_1, builder.number(factor)])
        builder.node("Relu", [builder.node("Sub", [scaled, one])], output)


def _add_uncertainty(builder: Builder, head: FittedHead) -> None:
    """u = e'^T A^-1 e', with the bias appended as a column that is (prompt tokens) * 0 + 1."""
    projection = head.basis.projection
    centred = builder.node("Sub", [EMBEDDING, builder.array(projection.mean)])
    whitened = builder.node("MatMul", [centred, builder.array(projection.whitening)])
    zeros = builder.node("Mul", [PROMPT_TOKENS, builder.number(0)])
    biased = builder.node("Concat", [whitened, builder.node("Add", [zeros, builder.number(1)])], axis=1)
    projected = builder.node("LpNormalization", [biased], axis=1, p=2)
    weighed = builder.node("MatMul", [projected, builder.array(head.inverse_of_seen)])
    terms = builder.node("Mul", [weighed, projected])
    builder.node("ReduceSum", [terms, builder.array(np.array([1], np.int64))], UNCERTAINTY, keepdims=1)
