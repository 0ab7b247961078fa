"""Vectors of prompts, computed once per encoder version and text."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from shared.atlas import Atlas
from shared.encoder import Encoded, Encoder, Text
from shared.features import features_of
from shared.head import Inputs
from shared.inference import Floats, Integers

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors (n, d) of unit length, prompt tokens (n,) and features (n, f), float32; neighbours once placed."""

    vectors: Floats
    prompt_tokens: Floats
    features: Floats
    #: (n, k) each, see shared.head.Inputs.
    neighbours: Integers | None = None
    similarities: Floats | None = None

    @property
    def inputs(self) -> Inputs:
        """What heads read."""
        return Inputs(self.vectors, self.prompt_tokens, self.features, self.neighbours, self.similarities)

    def placed(self, atlas: Atlas) -> "Embedded":
        """With neighbours; of queries that are none of the atlas's, as those would find themselves."""
        places = atlas(self.vectors)
        return replace(self, neighbours=places.neighbours, similarities=places.similarities)


def embed(prompts: Sequence[str], encoder: Encoder, cache: Path, progress: Callable[[int], None]) -> Embedded:
    """Embed prompts as the fleet does, one by one; `progress` is told how many are done."""
    cache.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(cache / f"{encoder.card.version}.sqlite")) as database:
        database.execute("create table if not exists vectors (text blob primary key, vector blob, tokens integer)")
        found: list[tuple[bytes, int]] = []
        for start in range(0, len(prompts), _CHUNK):
            chunk = prompts[start : start + _CHUNK]
            found += _chunk(chunk, encoder, database)
            progress(len(found))
    vectors = np.stack([np.frombuffer(vector, "<f4") for vector, _ in found])
    prompt_tokens = np.array([tokens for _, tokens in found], np.float32)
    return Embedded(vectors, prompt_tokens, np.stack([features_of(prompt) for prompt in prompts]))


def _chunk(prompts: Sequence[str], encoder: Encoder, database: sqlite3.Connection) -> list[tuple[bytes, int]]:
    keys = [sha256(prompt.encode()).digest() for prompt in prompts]
    known = {key: row for key in keys if (row := _known(key, database)) is not None}
    new = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known}
    encoded = encoder.encode([Text(prompt) for prompt in new.values()], token_budget=1)
    fresh = {key: _row(each) for key, each in zip(new, encoded, strict=True)}
    rows = [(key, vector, tokens) for key, (vector, tokens) in fresh.items()]
    database.executemany("insert or replace into vectors values (?, ?, ?)", rows)
    database.commit()
    return [(known | fresh)[key] for key in keys]


def _known(key: bytes, database: sqlite3.Connection) -> tuple[bytes, int] | None:
    row: tuple[bytes, int] | None = database.execute(
        "select vector, tokens from vectors where text = ?", (key,)
    ).fetchone()
    return row


def _row(encoded: Encoded) -> tuple[bytes, int]:
    return encoded.vector.astype("<f4").tobytes(), encoded.prompt_tokens
