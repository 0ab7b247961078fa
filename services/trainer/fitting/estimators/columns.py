"""What of a query trees, lines and networks look at: its vector, its features, and its length."""

import numpy as np

from services.trainer.fitting.builder import Builder
from shared.head import EMBEDDING, FEATURES, PROMPT_TOKENS, Inputs
from shared.inference import Floats

#: Brings log(1 + tokens) into the range of the features: 22,000 tokens are 1.
_LOG_SCALE = 0.1


def columns_of(inputs: Inputs) -> Floats:
    """(n, c): the vector, the features where they are known, log(1 + prompt tokens) / 10."""
    parts = [inputs.vectors, *([] if inputs.features is None else [inputs.features])]
    lengths = np.log1p(inputs.prompt_tokens.astype(np.float32)) * np.float32(_LOG_SCALE)
    return np.concatenate([*parts, lengths.reshape(-1, 1)], axis=1, dtype=np.float32)


def write_columns(builder: Builder, dimensions: int, features: int) -> str:
    """The same in the graph; `features` is their number, 0 without."""
    parts = [builder.input(EMBEDDING, dimensions)]
    if features:
        parts.append(builder.input(FEATURES, features))
    one = builder.node("Add", [builder.input(PROMPT_TOKENS, 1), builder.number(1)])
    length = builder.node("Mul", [builder.node("Log", [one]), builder.number(_LOG_SCALE)])
    return builder.node("Concat", [*parts, length], axis=1)
