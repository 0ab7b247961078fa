"""Heads of a run are judged on all of its rows, by fits that never saw them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pointsman.training.config import TrainConfig
from pointsman.training.crossing import judge_crosswise
from pointsman.training.heads import fit_heads
from pointsman.training.recorded import Answers, Recorded
from pointsman.training.settling import learn, learn_all
from pointsman.training.vectors import Embedded
from services.trainer.fitting.basis import HeadConfig
from services.trainer.fitting.estimators.trees import TreesConfig
from services.trainer.fitting.rows import load_rows
from services.trainer.fitting.sureness import ONE_SIDED_95
from shared.artifacts import Artifacts
from shared.features import FEATURES
from shared.inference import Floats

CONFIG = TrainConfig(
    heads=HeadConfig(
        quality=("extra",),
        length=("ridge",),
        trees=TreesConfig(count=30, leaf_rows=10, columns=1.0),
        length_trees=10,
        jobs=1,
    )
)


def embedded(queries: int, seed: int = 0) -> Embedded:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(queries, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    features = np.full((queries, len(FEATURES)), 0.5, np.float32)
    return Embedded(vectors, random.integers(5, 500, queries).astype(np.float32), features)


def recorded(qualities: Floats, prompts: list[str] | None = None) -> Recorded:
    """LLMs `llm-0` and so on, of qualities (n, k)."""
    queries = len(qualities)
    tokens, usd = np.full(queries, 100, np.float32), np.full(queries, 0.01, np.float32)
    answers = {
        f"llm-{column}": Answers(np.arange(queries), quality.astype(np.float32), tokens, usd)
        for column, quality in enumerate(qualities.T)
    }
    named = [f"query {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(queries)]
    return Recorded(prompts or named, answers, ["planted"] * queries)


def faint(given: Embedded, llms: int, seed: int) -> Floats:
    """Right or wrong answers, a little more often right where a component is large; what that is differs by LLM."""
    chances = 0.5 + 0.3 * np.sign(given.vectors[:, :llms])
    drawn: Floats = (np.random.default_rng(seed).random(chances.shape) < chances).astype(np.float32)
    return drawn


def test_good_heads_of_few_rows_are_kept_though_few_of_them_are_surely_good(tmp_path: Path) -> None:
    given = embedded(280)
    run = recorded(faint(given, 4, seed=1))

    candidates = list(fit_heads(run, given, "e1", Artifacts(tmp_path.as_uri()), CONFIG))

    assert [one.rejected for one in candidates] == [None] * 4
    assert {one.card.quality.rows for one in candidates} == {280}
    assert {one.card.quality.in_good_company for one in candidates} == {True}
    _, kept = load_rows(candidates[0].card.rows_sha256 or "", "llm-0", Artifacts(tmp_path.as_uri()))
    assert kept.works


def test_a_coin_among_good_heads_is_rejected(tmp_path: Path) -> None:
    given = embedded(400)
    qualities = faint(given, 4, seed=1)
    qualities[:, 2] = np.random.default_rng(2).integers(0, 2, len(qualities))

    candidates = list(fit_heads(recorded(qualities), given, "e1", Artifacts(tmp_path.as_uri()), CONFIG))

    assert [one.rejected is None for one in candidates] == [True, True, False, True]
    assert "the constant's" in (candidates[2].rejected or "")
    assert "not better on 400 rows" in (candidates[2].rejected or "")


def test_coins_alone_are_no_company_and_no_fit_knew_what_it_is_judged_on() -> None:
    verdicts = []
    for seed in range(10):
        given = embedded(300, seed)
        run = recorded(np.random.default_rng(seed).integers(0, 2, (300, 4)).astype(np.float32))
        basis = learn(run, given, replace(CONFIG, seed=seed))

        judged = judge_crosswise(run, given, replace(CONFIG, seed=seed), basis, relearn=True)

        verdicts += judged.values()
    gains = np.array([one.constant_error - one.error for one in verdicts])
    assert gains.mean() < ONE_SIDED_95 * gains.std() / len(gains) ** 0.5
    assert sum(one.beats_the_constant() for one in verdicts) <= 4


def test_an_llm_that_comes_late_is_read_out_of_the_others_ground() -> None:
    given = embedded(400)
    others = recorded(faint(given, 3, seed=1))
    basis = learn(others, given, CONFIG)
    late = faint(given, 3, seed=5)[:, :1]
    fewer = np.arange(0, 400, 3)
    answers = recorded(late).answers["llm-0"]
    run = replace(
        others,
        answers={
            "late": Answers(fewer, answers.quality[fewer], answers.response_tokens[fewer], answers.cost_usd[fewer])
        },
    )

    judged = judge_crosswise(run, given, CONFIG, basis, relearn=False)["late"]

    assert judged.rows == len(fewer)
    assert judged.error < judged.constant_error


def test_rows_that_cannot_be_divided_are_not_judged_so() -> None:
    given = embedded(300)
    run = recorded(faint(given, 2, seed=1), ["the same question"] * 300)
    basis = learn_all(recorded(faint(given, 2, seed=1)), given, CONFIG)

    assert judge_crosswise(run, given, CONFIG, basis, relearn=True) == {}
