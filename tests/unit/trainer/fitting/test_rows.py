"""Rows of a training run are kept whole, and equal rows make equal files."""

from pathlib import Path

import numpy as np
import pytest

from pointsman.training.recorded import Answers
from services.trainer.fitting.familiarity import fit_projection
from services.trainer.fitting.rows import Queries, load_rows, store_rows
from shared.artifacts import Artifacts
from shared.errors import ArtifactError

QUERIES = Queries(
    vectors=np.eye(4, 3, dtype=np.float32),
    prompt_tokens=np.array([5, 6, 7, 8], np.float32),
    held_out=np.array([True, False, False, True]),
)
ANSWERS = Answers(
    query=np.array([3, 1]),
    quality=np.array([0.5, 1], np.float32),
    response_tokens=np.array([np.nan, 30], np.float32),
    cost_usd=np.array([0.1, 0.2], np.float32),
)


def test_what_is_stored_comes_back_for_each_llm(tmp_path: Path) -> None:
    artifacts, projection = Artifacts(tmp_path.as_uri()), fit_projection(QUERIES.vectors, 2)

    stored = store_rows(QUERIES, projection, {"a.b-1": ANSWERS}, artifacts)
    examples, same = load_rows(stored, "a.b-1", artifacts)

    assert np.array_equal(examples.vectors, QUERIES.vectors[[3, 1]])
    assert examples.prompt_tokens.tolist() == [8, 6]
    assert examples.quality.tolist() == [0.5, 1]
    assert np.array_equal(examples.response_tokens, ANSWERS.response_tokens, equal_nan=True)
    assert examples.held_out.tolist() == [True, False]
    assert np.array_equal(same(QUERIES.vectors), projection(QUERIES.vectors))
    assert store_rows(QUERIES, projection, {"a.b-1": ANSWERS}, artifacts) == stored


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path.as_uri())
    other = artifacts.put(b"no archive", {}).sha256
    rows = store_rows(QUERIES, fit_projection(QUERIES.vectors, 2), {"small": ANSWERS}, artifacts)

    with pytest.raises(ArtifactError, match="training rows of small"):
        load_rows(other, "small", artifacts)
    with pytest.raises(ArtifactError, match="training rows of large"):
        load_rows(rows, "large", artifacts)
