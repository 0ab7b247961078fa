"""What was computed of a query as it travels and is logged: bytes, and back to what heads read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from shared.features import FEATURES
from shared.head import Inputs
from shared.inference import Floats, Integers


class Packed(Protocol):
    """One query; all numbers little-endian."""

    @property
    def vector(self) -> bytes:
        """(d,) float32."""

    @property
    def prompt_tokens(self) -> int: ...

    @property
    def features(self) -> bytes | None:
        """(f,) float32; None where an older embedder computed none."""

    @property
    def neighbours(self) -> bytes | None:
        """See pack_neighbours; None where the encoder has no atlas."""


def pack_neighbours(numbers: Integers, similarities: Floats) -> bytes:
    """(k,) numbers of training queries as int32, then their (k,) cosines as float32.

    >>> unpack_neighbours(pack_neighbours(np.array([7, 3]), np.array([0.75, 0.5], np.float32)))
    (array([7, 3]), array([0.75, 0.5 ], dtype=float32))
    """
    return numbers.astype("<i4").tobytes() + similarities.astype("<f4").tobytes()


def unpack_neighbours(packed: bytes) -> tuple[Integers, Floats]:
    """Numbers (k,) int64 and similarities (k,)."""
    middle = len(packed) // 8 * 4
    numbers = np.frombuffer(packed[:middle], "<i4").astype(np.int64)
    return numbers, np.frombuffer(packed[middle : 2 * middle], "<f4").astype(np.float32)


def inputs_of(queries: Sequence[Packed]) -> Inputs:
    """At least one query, with vectors of one length; None for what some lack, or have of another length."""
    vectors = np.stack([np.frombuffer(query.vector, "<f4") for query in queries])
    prompt_tokens = np.array([query.prompt_tokens for query in queries], np.float32)
    features = [query.features for query in queries if query.features is not None]
    neighbours = [query.neighbours for query in queries if query.neighbours is not None]
    inputs = Inputs(vectors, prompt_tokens)
    if len(features) == len(queries) and {len(one) for one in features} == {4 * len(FEATURES)}:
        inputs = replace(inputs, features=np.stack([np.frombuffer(one, "<f4") for one in features]))
    if len(neighbours) == len(queries) and len({len(one) for one in neighbours}) == 1:
        numbers, similarities = zip(*map(unpack_neighbours, neighbours), strict=True)
        inputs = replace(inputs, neighbours=np.stack(numbers), similarities=np.stack(similarities))
    return inputs
