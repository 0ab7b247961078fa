"""Which queries are held out: by query, never by row, and near-duplicates stay together."""

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

_VARIABLE = re.compile(r"\d+|\W+")
#: Of that many different prompts and more, with more than so many per wording, numbers make the query.
_FEWEST, _PER_WORDING = 100, 10


def held_out(prompts: Sequence[str], share: float, seed: int) -> NDArray[np.bool_]:
    """(n,) True for about `share` of the prompts, chosen by a hash of what is left without numbers and punctuation.

    >>> chosen = held_out(["What is 2 + 3?", "what is 7 + 11"] * 50, 0.5, seed=0)
    >>> bool(chosen.all() or not chosen.any())
    True
    """
    chosen: NDArray[np.bool_] = _positions(prompts, seed) < share
    return chosen


def folds(prompts: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """(n,) Each prompt's fold, 0 to count - 1, of about equal size; held_out's prompts fill the first ones."""
    return (_positions(prompts, seed) * count).astype(np.int64)


def held_out_vectors(vectors: NDArray[np.float32], share: float, seed: int) -> NDArray[np.bool_]:
    """(n,) like held_out, of queries whose text was not kept: equal vectors stay together."""
    return np.array([_place(vector.astype("<f4").tobytes(), seed) < share for vector in vectors], np.bool_)


def words_of(prompt: str) -> str:
    """What near-duplicates have in common.

    >>> words_of("What is 2 + 3?")
    'what is'
    """
    return _VARIABLE.sub(" ", prompt.lower()).strip()


def _are_templates(prompts: Sequence[str]) -> bool:
    """Are they so many with so few words that to keep them together would leave nothing to divide?"""
    texts = set(prompts)
    return len(texts) >= _FEWEST and len({words_of(text) for text in texts}) * _PER_WORDING < len(texts)


def _positions(prompts: Sequence[str], seed: int) -> NDArray[np.float64]:
    position = _position_of_text if _are_templates(prompts) else _position
    return np.array([position(prompt, seed) for prompt in prompts])


def _position_of_text(prompt: str, seed: int) -> float:
    """Which equal prompts share."""
    return _place(prompt.encode(), seed)


def _position(prompt: str, seed: int) -> float:
    """A place in [0, 1) that only the prompt's words and the seed decide."""
    return _place(words_of(prompt).encode(), seed)


def _place(content: bytes, seed: int) -> float:
    return int.from_bytes(sha256(f"{seed}:".encode() + content).digest()[:8]) / 2**64
