"""One LLM's rows for a refit: those that were kept, and what users said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.trainer.fitting.examples import Examples, Mask
from services.trainer.fitting.split import held_out_vectors
from shared.database.labels import Label
from shared.errors import PermanentError
from shared.head import Inputs
from shared.packed import inputs_of

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The examples, and which of them the live head was not fitted on."""

    examples: Examples
    unseen: Mask


def of_log(labels: Sequence[Label], dimensions: int | None, share: float, seed: int) -> Examples:
    """Labelled queries as examples; about `share` of them judge.

    Raises PermanentError when a vector has other dimensions than the kept rows.
    """
    widths = {len(label.vector) // 4 for label in labels} | ({dimensions} if dimensions is not None else set())
    if len(widths) > 1:
        raise PermanentError(f"expected vectors of one length, there are {sorted(widths)}; was an encoder replaced?")
    none = Inputs(np.empty((0, dimensions or 0), np.float32), np.empty(0, np.float32))
    inputs = inputs_of(labels) if labels else none
    tokens = [np.nan if label.response_tokens is None else label.response_tokens for label in labels]
    return Examples(
        vectors=inputs.vectors,
        prompt_tokens=inputs.prompt_tokens,
        quality=np.array([label.quality for label in labels], np.float32),
        response_tokens=np.array(tokens, np.float32),
        held_out=held_out_vectors(inputs.vectors, share, seed),
        features=inputs.features,
        neighbours=inputs.neighbours,
        similarities=inputs.similarities,
        numbers=np.full(len(labels), -1, np.int64),
        calibrating=np.zeros(len(labels), np.bool_),
    )


def gather(kept: Examples | None, news: Examples, known: Mask) -> Gathered:
    """Kept rows first, then those of the log; `known` (rows of the log,) were seen by the live head.

    A query that is in both counts once, by what its user said, and nobody is judged on what was seen.
    """
    keys = _keys(news)
    seen = {key for key, was_known in zip(keys, known, strict=True) if was_known}
    if kept is None:
        return Gathered(news, np.array([key not in seen for key in keys], np.bool_))
    if not keys:
        return Gathered(kept, np.zeros(len(kept.quality), np.bool_))
    kept_keys = _keys(kept)
    seen |= set(kept_keys)
    older = _take(kept, ~np.isin(kept_keys, keys))
    unseen = np.array([False] * len(older.quality) + [key not in seen for key in keys], np.bool_)
    return Gathered(_join(older, news), unseen)


def _keys(examples: Examples) -> list[bytes]:
    return [vector.astype("<f4").tobytes() for vector in examples.vectors]


def _take(examples: Examples, rows: Mask) -> Examples:
    inputs = examples.inputs[rows]
    return Examples(
        vectors=inputs.vectors,
        prompt_tokens=inputs.prompt_tokens,
        quality=examples.quality[rows],
        response_tokens=examples.response_tokens[rows],
        held_out=examples.held_out[rows],
        features=inputs.features,
        neighbours=inputs.neighbours,
        similarities=inputs.similarities,
        numbers=None if examples.numbers is None else examples.numbers[rows],
        calibrating=None if examples.calibrating is None else examples.calibrating[rows],
    )


def _join(one: Examples, other: Examples) -> Examples:
    return Examples(
        vectors=np.concatenate([one.vectors, other.vectors]),
        prompt_tokens=np.concatenate([one.prompt_tokens, other.prompt_tokens]),
        quality=np.concatenate([one.quality, other.quality]),
        response_tokens=np.concatenate([one.response_tokens, other.response_tokens]),
        held_out=np.concatenate([one.held_out, other.held_out]),
        features=_joined(one.features, other.features),
        neighbours=_joined(one.neighbours, other.neighbours),
        similarities=_joined(one.similarities, other.similarities),
        numbers=_joined(one.numbers, other.numbers),
        calibrating=_joined(one.calibrating, other.calibrating),
    )


def _joined(one: NDArray[T] | None, other: NDArray[T] | None) -> NDArray[T] | None:
    """None where either is, or has other columns: a head cannot read what some of its rows lack."""
    if one is None or other is None or one.shape[1:] != other.shape[1:]:
        return None
    return np.concatenate([one, other])
