"""Recorded answers of real LLMs, found by the prompt's text; memory holds an index, a temporary file the texts."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import IO

import pyarrow.parquet as parquet

from services.simulator.answers import Answer, count_tokens, prompt_hash
from services.simulator.pools import Pool, Price, read_pool, read_prices
from services.simulator.profiles import Profile
from services.simulator.wire import ApiError
from shared.errors import ConfigurationError

_COLUMNS = ["dataset", "prompt", "llm", "quality", "input_tokens", "output_tokens", "response"]
#: Rows decoded at a time, which bounds memory while loading.
_ROWS = 1024
_FILLER = "This answer was not kept, so these words stand in for it. "
#: Response tokens where neither the text nor its length was recorded.
_UNKNOWN_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded answer."""

    llm: str
    prompt: str
    quality: float
    input_tokens: float | None
    output_tokens: float | None
    response: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an answer's text lies, and its usage; no length where the text was not recorded."""

    start: int
    length: int | None
    prompt_tokens: int
    response_tokens: int


@dataclass(slots=True)
class _Recorded:
    """All that is kept of one LLM."""

    places: dict[str, _Place] = field(default_factory=dict)
    quality: float = 0.0
    response_tokens: int = 0


class Recording:
    """The recorded answers of a pool's LLMs."""

    def __init__(self, texts: IO[bytes]) -> None:
        """`texts` takes the answers' texts and is read at random."""
        self._texts = texts
        self._llms: dict[str, _Recorded] = {}
        self._end = 0

    def add(self, row: Row) -> None:
        """Keep one answer; the first to a prompt stays."""
        recorded = self._llms.setdefault(row.llm, _Recorded())
        key = prompt_hash(row.prompt)
        if key in recorded.places:
            return
        text = None if row.response is None else row.response.encode()
        place = _Place(self._end, None if text is None else len(text), _prompt_tokens(row), _response_tokens(row))
        if text is not None:
            self._end += self._texts.write(text)
        recorded.places[key] = place
        recorded.quality += row.quality
        recorded.response_tokens += place.response_tokens

    def profile(self, price: Price) -> Profile:
        """An LLM with its list price and mean quality; its speed follows from the price, as none was recorded."""
        recorded = self._llms.get(price.llm)
        if recorded is None:
            raise ConfigurationError(f"expected recorded answers of {price.llm} in the pool's sources, there are none")
        dearness = sqrt(price.usd_per_m_output)
        return Profile(
            name=price.llm,
            usd_per_mtok_input=price.usd_per_m_input,
            usd_per_mtok_output=price.usd_per_m_output,
            first_token_s=0.15 + 0.1 * dearness,
            tokens_per_s=max(30.0, 160 / (1 + dearness / 2)),
            prior_quality=min(1.0, max(0.0, recorded.quality / len(recorded.places))),
            prior_response_tokens=max(1.0, recorded.response_tokens / len(recorded.places)),
        )

    def answer(self, profile: Profile, prompt: str) -> Answer:
        """What the LLM answered when it was recorded; raises ApiError (404) where it never was."""
        key = prompt_hash(prompt)
        place = self._llms[profile.name].places.get(key)
        if place is None:
            message = f"{profile.name} has no recorded answer to the prompt {key}, which begins {prompt[:80]!r}."
            raise ApiError(404, "invalid_request_error", "prompt_not_recorded", message)
        return Answer(self._text(place), place.prompt_tokens, place.response_tokens)

    def flush(self) -> None:
        """Make all texts readable."""
        self._texts.flush()

    def _text(self, place: _Place) -> str:
        if place.length is None:
            repeats = place.response_tokens // count_tokens(_FILLER) + 1
            return (_FILLER * repeats).strip()
        return os.pread(self._texts.fileno(), place.length, place.start).decode()


def load(data: Path, name: str, texts: IO[bytes]) -> tuple[list[Profile], Recording]:
    """A pool's LLMs and their recorded answers, with `texts` for the texts.

    Raises ConfigurationError where something is missing.
    """
    pool = read_pool(data, name)
    prices = read_prices(data, pool.llms)
    recording = Recording(texts)
    for source in pool.source:
        for row in _rows(data / f"{source}.parquet", pool):
            recording.add(row)
    recording.flush()
    return [recording.profile(prices[llm]) for llm in pool.llms], recording


def _rows(file: Path, pool: Pool) -> Iterator[Row]:
    """The pool's rows of one file."""
    if not file.exists():
        raise ConfigurationError(f"expected recorded answers at {file}, which is not there")
    for batch in parquet.ParquetFile(file).iter_batches(_ROWS, columns=_COLUMNS):
        for row in batch.to_pylist():
            if row["llm"] in pool.llms and row["quality"] is not None and pool.takes(row.pop("dataset")):
                yield Row(**row)


def _prompt_tokens(row: Row) -> int:
    return count_tokens(row.prompt) if row.input_tokens is None else round(row.input_tokens)


def _response_tokens(row: Row) -> int:
    if row.output_tokens is not None:
        return max(1, round(row.output_tokens))
    return _UNKNOWN_TOKENS if row.response is None else max(1, count_tokens(row.response))
