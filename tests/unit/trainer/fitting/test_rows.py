"""Rows of a training run are kept whole, and equal rows make equal files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pointsman.training.recorded import Answers
from services.trainer.fitting.basis import Basis
from services.trainer.fitting.estimators.lines import Level
from services.trainer.fitting.familiarity import fit_projection
from services.trainer.fitting.rows import Queries, load_rows, store_rows
from shared.artifacts import Artifacts
from shared.errors import ArtifactError
from shared.features import FEATURES
from shared.head import Inputs

VECTORS = np.eye(4, 3, dtype=np.float32)
QUERIES = Queries(
    Inputs(
        VECTORS,
        prompt_tokens=np.array([5, 6, 7, 8], np.float32),
        features=np.repeat(np.arange(4, dtype=np.float32)[:, None], len(FEATURES), axis=1),
        neighbours=np.array([[1, 2], [0, 3], [0, 1], [2, 1]]),
        similarities=np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]], np.float32),
    ),
    held_out=np.array([True, False, False, True]),
    calibrating=np.array([True, False, False, False]),
)
BASIS = Basis(fit_projection(VECTORS, 2), {"constant": Level()}, {"constant": Level()}, 3, len(FEATURES))
ANSWERS = Answers(
    query=np.array([3, 1]),
    quality=np.array([0.5, 1], np.float32),
    response_tokens=np.array([np.nan, 30], np.float32),
    cost_usd=np.array([0.1, 0.2], np.float32),
)


def test_what_is_stored_comes_back_for_each_llm(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path.as_uri())

    stored = store_rows(QUERIES, BASIS, {"a.b-1": ANSWERS}, artifacts)
    examples, same = load_rows(stored, "a.b-1", artifacts)

    assert np.array_equal(examples.vectors, VECTORS[[3, 1]])
    assert examples.prompt_tokens.tolist() == [8, 6]
    assert examples.quality.tolist() == [0.5, 1]
    assert np.array_equal(examples.response_tokens, ANSWERS.response_tokens, equal_nan=True)
    assert examples.held_out.tolist() == [True, False]
    assert examples.features is not None
    assert examples.features[:, 0].tolist() == [3, 1]
    assert examples.neighbours is not None
    assert examples.neighbours.tolist() == [[2, 1], [0, 3]]
    assert examples.similarities is not None
    assert examples.similarities[:, 0].tolist() == pytest.approx([0.6, 0.8])
    assert examples.numbers is not None
    assert examples.numbers.tolist() == [3, 1]
    assert np.array_equal(same.projection(VECTORS), BASIS.projection(VECTORS))
    assert [*same.quality] == ["constant"]
    assert store_rows(QUERIES, BASIS, {"a.b-1": ANSWERS}, artifacts) == stored


def test_features_that_are_computed_no_more_are_left_out(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path.as_uri())
    older = Queries(
        replace(QUERIES.inputs, features=np.ones((4, 3), np.float32)), QUERIES.held_out, QUERIES.calibrating
    )

    examples, _ = load_rows(store_rows(older, BASIS, {"a": ANSWERS}, artifacts), "a", artifacts)

    assert examples.features is None
    assert examples.neighbours is not None


def test_a_run_without_features_comes_back_without(tmp_path: Path) -> None:
    artifacts, plain = (
        Artifacts(tmp_path.as_uri()),
        Queries(Inputs(VECTORS, QUERIES.inputs.prompt_tokens), QUERIES.held_out, QUERIES.calibrating),
    )

    stored = store_rows(plain, BASIS, {"small": ANSWERS}, artifacts)
    examples, _ = load_rows(stored, "small", artifacts)

    assert np.array_equal(examples.vectors, VECTORS[[3, 1]])
    assert (examples.features, examples.neighbours, examples.similarities) == (None, None, None)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path.as_uri())
    other = artifacts.put(b"no archive", {}).sha256
    rows = store_rows(QUERIES, BASIS, {"small": ANSWERS}, artifacts)

    with pytest.raises(ArtifactError, match="training rows of small"):
        load_rows(other, "small", artifacts)
    with pytest.raises(ArtifactError, match="training rows of large"):
        load_rows(rows, "large", artifacts)
