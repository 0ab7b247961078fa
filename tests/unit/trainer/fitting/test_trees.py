"""Trees say the same in numpy as in scikit-learn and ONNX, and each LLM fills its own leaves."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.columns import columns_of, write_columns
from services.trainer.fitting.estimators.port import Estimator, Rows, Targets
from services.trainer.fitting.estimators.trees import FilledTrees, Trees, TreesConfig, grow, joined
from shared.head import EMBEDDING, PROMPT_TOKENS, Inputs
from shared.inference import Floats, Session

CONFIG = TreesConfig(count=10, columns=1.0, prior_rows=0)


def queries(count: int, seed: int = 0, dimensions: int = 6) -> Inputs:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, dimensions)).astype(np.float32)
    return Inputs(vectors, random.integers(1, 900, count).astype(np.float32))


def served(estimator: Estimator, inputs: Inputs) -> Floats:
    """What ONNX Runtime makes of it."""
    builder = Builder()
    columns = write_columns(builder, inputs.vectors.shape[1], features=0)
    builder.node("Identity", [estimator.write(builder, columns)], "found")
    feeds = {EMBEDDING: inputs.vectors, PROMPT_TOKENS: inputs.prompt_tokens.reshape(-1, 1)}
    found: Floats = Session(builder.content(["found"]))(feeds)["found"].ravel()
    return found


def filled(trees: Trees, inputs: Inputs, target: Floats) -> FilledTrees:
    return trees.read_out(Rows(trees.see(inputs), target.astype(np.float32), np.full(len(target), -1)))


def test_leaves_and_means_are_those_of_scikit_learn() -> None:
    inputs, asked = queries(300), queries(200, seed=1)
    target = inputs.vectors[:, 0] > 0
    forest = ExtraTreesRegressor(10, min_samples_leaf=5, random_state=0).fit(columns_of(inputs), target)

    trees = joined([tree.tree_ for tree in forest.estimators_], prior_rows=0)
    mine = filled(trees, inputs, target)

    assert np.array_equal(trees.leaves(columns_of(asked)) - trees.roots, forest.apply(columns_of(asked)))
    assert mine.predict(trees.see(asked)) == pytest.approx(forest.predict(columns_of(asked)), abs=1e-6)


def test_the_runtime_turns_where_the_trees_do_even_at_a_threshold() -> None:
    trees = Trees(
        column=np.array([0, 0, 0]),
        threshold=np.array([0.1, 0, 0], np.float32),
        left=np.array([1, 1, 2]),
        right=np.array([2, 1, 2]),
        roots=np.array([0]),
        common=np.zeros(3, np.float32),
        prior_rows=0,
    )
    at = np.array([np.nextafter(np.float32(0.1), np.float32(0)), 0.1, np.nextafter(np.float32(0.1), np.float32(1))])
    inputs = Inputs(np.repeat(at.astype(np.float32)[:, None], 6, axis=1), np.ones(3, np.float32))
    mine = filled(trees, inputs, np.array([1, 1, 0]))

    assert mine.predict(trees.see(inputs)).round(3).tolist() == [1, 1, 0]
    assert served(mine, inputs).round(3).tolist() == [1, 1, 0]


def test_one_llms_leaves_do_not_depend_on_other_llms_rows() -> None:
    inputs, asked = queries(300), queries(50, seed=1)
    good = (inputs.vectors[:, 0] > 0).astype(np.float32)
    trees = grow(Targets(inputs, np.stack([good, 1 - good], axis=1)), CONFIG, seed=0)
    few = np.arange(300) < 100

    one, other = filled(trees, inputs, good), filled(trees, inputs[few], 1 - good[few])

    seen = trees.see(asked)
    assert np.abs(one.predict(seen) - (asked.vectors[:, 0] > 0)).mean() < 0.25
    assert np.abs(other.predict(seen) - (asked.vectors[:, 0] <= 0)).mean() < 0.25
    assert np.abs(served(other, asked) - other.predict(seen)).max() < 1e-5


def test_splits_follow_what_llms_share_and_not_one_llms_noise() -> None:
    """Twelve LLMs of the same skill, each answer a coin's throw: their common splits are nearer to the skill."""
    random = np.random.default_rng(2)
    inputs, asked = queries(400, dimensions=20), queries(400, seed=1, dimensions=20)
    skill, wanted = (np.where(one.vectors[:, 0] > 0, 0.7, 0.3) for one in (inputs, asked))
    answers = (random.random((400, 12)) < skill[:, None]).astype(np.float32)

    def error(llm: int, trees: Trees) -> float:
        return float(np.square(filled(trees, inputs, answers[:, llm]).predict(trees.see(asked)) - wanted).mean())

    shared = grow(Targets(inputs, answers), CONFIG, seed=0)
    alone = [grow(Targets(inputs, answers[:, llm : llm + 1]), CONFIG, seed=0) for llm in range(4)]

    assert sum(error(llm, shared) for llm in range(4)) < 0.8 * sum(error(llm, own) for llm, own in enumerate(alone))


def test_an_llm_of_few_rows_is_as_good_as_its_mean_and_what_is_hard_for_others_is_for_it() -> None:
    """Of three LLMs, each with its own mean and all with the same hard queries, a fourth has twenty rows."""
    inputs, asked = queries(600), queries(300, seed=1)
    hard, asked_hard = (0.4 * (one.vectors[:, 0] > 0).astype(np.float32) for one in (inputs, asked))
    others = np.stack([0.9 - hard, 0.7 - hard, 0.5 - hard], axis=1)
    trees = grow(Targets(inputs, others), TreesConfig(count=20, columns=1.0), seed=0)
    few = np.arange(600) < 20

    mine = filled(trees, inputs[few], (0.6 - hard)[few]).predict(trees.see(asked))
    flat = filled(replace(trees, common=np.zeros_like(trees.common)), inputs[few], (0.6 - hard)[few])

    wanted = 0.6 - asked_hard
    assert np.square(mine - wanted).mean() < 0.2 * np.square(flat.predict(trees.see(asked)) - wanted).mean()


def test_a_leaf_without_rows_says_the_mean_and_what_it_means_for_all() -> None:
    inputs = queries(300)
    trees = grow(Targets(inputs, inputs.vectors[:, :1]), CONFIG, seed=0)

    mine = filled(trees, inputs[np.array([0])], np.array([0.25]))

    leaves = trees.leaves(columns_of(inputs))
    empty, said, expected = leaves != leaves[0], mine.values[leaves], 0.25 + trees.common[leaves]
    assert empty.any()
    assert said[empty] == pytest.approx(expected[empty], abs=1e-5)
    assert np.abs(said[~empty] - 0.25).max() < 1e-4


def test_unknown_answers_do_not_stop_the_splits() -> None:
    inputs = queries(300)
    values = np.stack([inputs.vectors[:, 0], np.full(300, np.nan), inputs.vectors[:, 0]], axis=1)
    values[::2, 0] = np.nan

    trees = grow(Targets(inputs, values.astype(np.float32)), CONFIG, seed=0)

    assert len(trees.column) > 10 * 3
