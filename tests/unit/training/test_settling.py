"""A run settles on the kind that routes, shares it among its LLMs, and leaves others' heads alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pointsman.training.config import TrainConfig
from pointsman.training.heads import fit_heads
from pointsman.training.recorded import Answers, Recorded
from pointsman.training.settling import learn
from pointsman.training.vectors import Embedded
from services.trainer.fitting.basis import HeadConfig
from services.trainer.fitting.estimators.trees import TreesConfig
from shared.artifacts import Artifacts
from shared.errors import ConfigurationError
from shared.features import FEATURES
from shared.head import Head

QUERIES = 900
CONFIG = TrainConfig(
    heads=HeadConfig(
        quality=("ridge", "extra"),
        length=("ridge",),
        trees=TreesConfig(count=20, leaf_rows=20, columns=1.0),
        length_trees=10,
        jobs=1,
    )
)


def embedded() -> Embedded:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(QUERIES, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    features = np.full((QUERIES, len(FEATURES)), 0.5, np.float32)
    return Embedded(vectors, random.integers(5, 500, QUERIES).astype(np.float32), features)


def recorded(given: Embedded, priced: bool = True) -> Recorded:
    """Two cheap LLMs: one is good where a component is small, one where it is large; no line tells. And a dear one."""
    small = np.abs(given.vectors[:, 0]) < np.median(np.abs(given.vectors[:, 0]))
    tokens = np.full(QUERIES, 100, np.float32)
    skills = {"inner": (small, 0.01), "outer": (~small, 0.01), "all": (np.ones(QUERIES), 0.05)}
    answers = {
        llm: Answers(
            np.arange(QUERIES),
            good.astype(np.float32),
            tokens,
            np.full(QUERIES, usd if priced else np.nan, np.float32),
        )
        for llm, (good, usd) in skills.items()
    }
    prompts = [f"query {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(QUERIES)]
    return Recorded(prompts, answers, ["planted"] * QUERIES)


def test_the_kind_is_the_one_that_routes() -> None:
    given = embedded()
    run = recorded(given)

    basis = learn(run, given, CONFIG)

    assert [*basis.quality] == ["extra"]
    assert basis.areas["extra"] > basis.areas["ridge"] + 0.1


def test_without_costs_the_kind_is_the_one_that_predicts() -> None:
    given = embedded()
    run = recorded(given, priced=False)

    basis = learn(run, given, CONFIG)

    assert [*basis.quality] == ["extra"]
    assert basis.areas == {}


def test_a_free_llm_is_no_unit_of_cost() -> None:
    given = embedded()
    run = recorded(given)
    free = replace(run.answers["all"], cost_usd=np.zeros(QUERIES, np.float32))
    worthless = {llm: replace(one, cost_usd=np.zeros(QUERIES, np.float32)) for llm, one in run.answers.items()}

    with_free, all_free = (
        learn(replace(run, answers=answers), given, CONFIG) for answers in ({**run.answers, "all": free}, worthless)
    )

    assert min(with_free.areas.values()) > 0
    assert ([*all_free.quality], all_free.areas) == (["extra"], {})


def test_an_llm_of_which_nothing_is_fitted_is_named() -> None:
    given = embedded()
    run = recorded(given)
    nothing = Answers(*(np.empty(0, kind) for kind in (np.int64, np.float32, np.float32, np.float32)))

    with pytest.raises(ConfigurationError, match="30 rows of new with response tokens"):
        learn(replace(run, answers={**run.answers, "new": nothing}), given, CONFIG)


def test_an_llm_alone_tries_all_kinds() -> None:
    given = embedded()
    run = recorded(given)

    basis = learn(replace(run, answers={"inner": run.answers["inner"]}), given, CONFIG)

    assert [*basis.quality] == ["ridge", "extra"]


def test_an_llm_that_comes_later_stands_on_the_basis_of_the_others(tmp_path: Path) -> None:
    given, artifacts = embedded(), Artifacts(tmp_path.as_uri())
    run = recorded(given)
    basis = learn(run, given, CONFIG)
    rows = np.arange(0, QUERIES, 3)
    inner = run.answers["inner"]
    late = Answers(rows, inner.quality[rows], inner.response_tokens[rows], inner.cost_usd[rows])

    [candidate] = fit_heads(replace(run, answers={"late": late}), given, "e1", artifacts, CONFIG, basis, relearn=False)

    assert candidate.rejected is None
    assert candidate.card.quality.kind == "extra"
    made = Head.load(candidate.model, artifacts).predict(given.inputs)
    assert np.corrcoef(made.quality, inner.quality)[0, 1] > 0.7


def test_an_llm_more_changes_no_other_llms_head_on_the_same_basis(tmp_path: Path) -> None:
    given, artifacts = embedded(), Artifacts(tmp_path.as_uri())
    run = recorded(given)
    basis = learn(run, given, CONFIG)

    both = {one.card.llm: one.model.sha256 for one in fit_heads(run, given, "e1", artifacts, CONFIG, basis)}
    [alone] = fit_heads(replace(run, answers={"inner": run.answers["inner"]}), given, "e1", artifacts, CONFIG, basis)

    assert alone.model.sha256 == both["inner"]


def test_the_card_tells_what_was_tried_and_how_honest_it_is(tmp_path: Path) -> None:
    given = embedded()

    for candidate in fit_heads(recorded(given), given, "e1", Artifacts(tmp_path.as_uri()), CONFIG):
        card = candidate.card
        assert card.areas.keys() == {"ridge", "extra"}
        assert card.calibration_error is not None
        assert card.calibration_error < 0.3
        assert card.length_coverage is not None
        assert "features" in card.shapes
