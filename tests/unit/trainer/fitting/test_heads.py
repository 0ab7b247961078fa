"""Fitting is pure, recovers what was planted, and its graph says the same as its estimators."""

from dataclasses import replace

import numpy as np
import pytest

from services.trainer.fitting.basis import HeadConfig, basis_of_one
from services.trainer.fitting.estimators.trees import TreesConfig
from services.trainer.fitting.examples import Examples
from services.trainer.fitting.graph import check_parity, head_graph
from services.trainer.fitting.heads import FittedHead, fit
from shared.errors import ArtifactError
from shared.features import FEATURES
from shared.head import Head, Inputs
from shared.inference import Session

CONFIG = HeadConfig(quality=("extra", "ridge"), trees=TreesConfig(count=20, columns=0.5), length_trees=10, jobs=1)


def planted(seed: int = 0, rows: int = 400) -> Examples:
    """Quality follows the first component, log tokens the second and the prompt's length."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(rows, 10)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    prompt_tokens = random.integers(5, 500, rows).astype(np.float32)
    quality = np.clip(0.5 + vectors[:, 0], 0, 1)
    tokens = np.exp(4 + vectors[:, 1] + 0.3 * np.log1p(prompt_tokens) + random.normal(size=rows) * 0.3)
    return Examples(vectors, prompt_tokens, quality, tokens.astype(np.float32), np.arange(rows) % 4 == 0)


def with_features(examples: Examples) -> Examples:
    features = np.random.default_rng(3).random((len(examples.quality), len(FEATURES)), np.float32)
    return replace(examples, features=features)


def fitted(examples: Examples, config: HeadConfig = CONFIG) -> FittedHead:
    head = tried(examples, config)
    assert head is not None
    return head


def tried(examples: Examples, config: HeadConfig = CONFIG) -> FittedHead | None:
    basis = basis_of_one(examples, config, seed=0)
    return fit(examples, basis, basis.see(examples.inputs), config)


def test_a_planted_relation_is_recovered() -> None:
    examples = planted()

    head = fitted(examples)

    assert head.rejected() is None
    assert head.judged_quality.error < 0.2 * head.judged_quality.constant_error
    predicted = Head("v", Session(head_graph(head))).predict(examples.inputs)
    assert np.abs(predicted.quality - examples.quality).mean() < 0.05
    assert predicted.tokens_mean.mean() == pytest.approx(examples.response_tokens.mean(), rel=0.1)
    inside = (predicted.tokens_p10 <= examples.response_tokens) & (examples.response_tokens <= predicted.tokens_p90)
    assert inside.mean() == pytest.approx(0.8, abs=0.08)


def test_the_mean_of_tokens_is_a_mean_and_not_a_median() -> None:
    examples = planted()
    skewed = np.random.default_rng(5).lognormal(4, 1.2, len(examples.quality)).astype(np.float32)

    head = fitted(replace(examples, response_tokens=skewed))

    predicted = Head("v", Session(head_graph(head))).predict(examples.inputs)
    assert predicted.tokens_mean.mean() == pytest.approx(skewed.mean(), rel=0.2)
    assert predicted.tokens_mean.mean() > 1.5 * np.median(skewed)


def test_noise_does_not_beat_the_constant() -> None:
    verdicts = []
    for seed in range(8):
        examples = planted(seed, rows=200)
        noise = np.random.default_rng(seed + 100).integers(0, 2, len(examples.quality)).astype(np.float32)
        verdicts.append(fitted(replace(examples, quality=noise)).rejected())

    assert sum(verdict is not None for verdict in verdicts) >= 7
    assert all("the constant's" in verdict for verdict in verdicts if verdict is not None)


def test_the_same_seed_gives_the_same_bytes() -> None:
    examples = planted()

    assert head_graph(fitted(examples)) == head_graph(fitted(examples))


@pytest.mark.parametrize("kind", ["ridge", "extra", "forest", "boosting", "network", "extra+ridge"])
def test_the_graph_agrees_with_its_estimators(kind: str) -> None:
    examples = with_features(planted())
    head = fitted(examples, replace(CONFIG, quality=(kind,), length=(kind,)))
    assert head.judged_quality.kind == kind

    assert check_parity(head, head_graph(head), examples.inputs) < 1e-4
    with pytest.raises(ArtifactError, match="within"):
        check_parity(replace(head, smear=head.smear * 1.1), head_graph(head), examples.inputs)


def test_predictions_stay_in_range_far_from_the_data() -> None:
    head = fitted(planted())
    far = np.full((1, 10), 100, np.float32)

    predicted = Head("v", Session(head_graph(head))).predict(Inputs(far, np.array([1e6], np.float32)))

    assert 0 <= predicted.quality[0] <= 1
    assert 0 <= predicted.tokens_p10[0] <= predicted.tokens_p90[0] < 1e5
    assert 0 < predicted.uncertainty[0] <= 1


def test_too_few_rows_are_not_judged() -> None:
    examples = planted(rows=100)

    assert tried(examples) is None


def test_rows_without_tokens_still_teach_quality() -> None:
    examples = planted()
    unknown = examples.response_tokens.copy()
    unknown[::3] = np.nan

    head = fitted(replace(examples, response_tokens=unknown))

    assert head.rows == 400
    assert head.judged_quality.rows == 100
    assert head.judged_length.rows < 100


def test_an_llm_that_chooses_alone_is_calibrated_where_that_surely_helps() -> None:
    """A line through a step is too sure of nothing; two kinds are left to choose from, so no run has settled."""
    examples = planted(rows=1200)
    step = replace(examples, quality=(examples.vectors[:, 0] > 0).astype(np.float32))
    calibrating = examples.held_out & (np.arange(1200) % 8 == 0)
    config = replace(CONFIG, quality=("ridge", "network"), network=replace(CONFIG.network, most_epochs=1))

    plain, bent = fitted(step, config), fitted(replace(step, calibrating=calibrating), config)

    assert (plain.calibrated, bent.calibrated) == (False, True)
    assert bent.calibration_error < 0.6 * plain.calibration_error
    assert check_parity(bent, head_graph(bent), step.inputs) < 1e-4


def test_the_interval_tells_its_coverage_on_rows_it_was_not_fitted_on() -> None:
    assert fitted(planted(rows=2000)).coverage == pytest.approx(0.8, abs=0.06)
