"""Every kind recovers what was planted, says the same in ONNX, and comes back from a file."""

from dataclasses import replace

import numpy as np
import pytest

from services.trainer.fitting.basis import HeadConfig, learn_basis
from services.trainer.fitting.estimators.boosting import Boosting
from services.trainer.fitting.estimators.port import Ground, Rows, Targets
from services.trainer.fitting.estimators.trees import TreesConfig
from services.trainer.fitting.examples import Mask
from services.trainer.fitting.graph import check_parity, head_graph
from services.trainer.fitting.heads import fit
from services.trainer.fitting.packing import pack_basis, unpack_basis
from shared.errors import ArtifactError
from shared.features import FEATURES
from shared.head import NEIGHBOURS, Head, Inputs
from shared.inference import Floats, Session
from tests.unit.trainer.fitting.planted import examples_of

KINDS = ("extra", "traits", "forest", "boosting", "network", "nearest", "ridge", "extra+nearest+network")
CONFIG = HeadConfig(quality=KINDS, length=("ridge",), trees=TreesConfig(count=20, columns=0.5), length_trees=10, jobs=1)


def queries(count: int, seed: int = 0) -> Inputs:
    """Two topics, which the vector and the first feature tell; neighbours are those among the queries."""
    random = np.random.default_rng(seed)
    vectors = random.normal(scale=0.3, size=(count, 8)).astype(np.float32)
    topic = random.permutation(count) < count // 2
    vectors[:, 0] += np.where(topic, 1, -1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    features = random.random((count, len(FEATURES)), np.float32)
    features[:, 0] = topic
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    nearest = np.argsort(-cosines, axis=1)[:, :20]
    similarities = np.take_along_axis(cosines, nearest, axis=1)
    return Inputs(vectors, random.integers(5, 500, count).astype(np.float32), features, nearest, similarities)


def skill(inputs: Inputs) -> Floats:
    """Good at one topic, bad at the other."""
    return np.where(inputs.vectors[:, 0] > 0, 0.8, 0.2).astype(np.float32)


def predicted(ground: Ground, inputs: Inputs, target: Floats, fitted: Mask | slice = slice(None)) -> Floats:
    """Of all, by what the fitted ones say."""
    view, numbers = ground.see(inputs), np.arange(len(target))
    return ground.read_out(Rows(view, target, numbers)[np.arange(len(target))[fitted]]).predict(view)


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_skill_is_recovered_and_served(kind: str) -> None:
    examples = examples_of(queries(600), skill, noisy=True)
    quality = Targets(examples.inputs[~examples.held_out], examples.quality[~examples.held_out].reshape(-1, 1))
    lengths = replace(quality, values=np.log1p(examples.response_tokens)[~examples.held_out].reshape(-1, 1))
    basis = learn_basis(quality, lengths, 600, replace(CONFIG, quality=(kind,)), seed=0)

    head = fit(examples, basis, basis.see(examples.inputs), CONFIG)

    assert head is not None
    content = head_graph(head)
    assert check_parity(head, content, examples.inputs) < 1e-4
    made = Head("v", Session(content)).predict(examples.inputs)
    assert np.abs(made.quality - skill(examples.inputs)).mean() < 0.12
    assert ("nearest" in kind) == (NEIGHBOURS in Session(content).inputs)


def test_a_basis_comes_back_from_a_file_with_all_its_kinds() -> None:
    inputs = queries(200)
    targets = Targets(inputs, np.stack([skill(inputs), 1 - skill(inputs)], axis=1))
    basis = learn_basis(targets, targets, 200, replace(CONFIG, boosting=Boosting(count=5)), seed=0)

    same = unpack_basis(pack_basis(basis))

    assert ([*same.quality], [*same.length]) == ([*KINDS], ["ridge", "constant"])
    for kind in KINDS:
        one, other = (predicted(each.quality[kind], inputs, skill(inputs)) for each in (basis, same))
        assert np.array_equal(one, other), kind


def test_without_neighbours_there_are_no_nearest() -> None:
    inputs = replace(queries(200), neighbours=None, similarities=None)
    targets = Targets(inputs, skill(inputs).reshape(-1, 1))

    basis = learn_basis(targets, targets, 200, replace(CONFIG, quality=("ridge", "nearest", "extra+nearest")), seed=0)

    assert [*basis.quality] == ["ridge"]
    assert basis.suits(inputs)


def test_heads_that_read_neighbours_do_not_suit_queries_without() -> None:
    inputs = queries(200)
    targets = Targets(inputs, skill(inputs).reshape(-1, 1))
    basis = learn_basis(targets, targets, 200, replace(CONFIG, quality=("nearest",)), seed=0)
    bare = replace(inputs, neighbours=None, similarities=None)

    assert basis.suits(inputs)
    assert not basis.suits(bare)
    assert not basis.suits(replace(inputs, features=None))
    with pytest.raises(ArtifactError, match="no atlas"):
        basis.see(bare)


def test_a_query_is_never_told_its_own_answer() -> None:
    """Neighbours whose answers are held out say nothing: answers that are nothing but noise stay unknown."""
    inputs = queries(600)
    noise = (np.random.default_rng(5).random(600) < 0.5).astype(np.float32)
    nearest = learn_basis(
        Targets(inputs, noise.reshape(-1, 1)), Targets(inputs, noise.reshape(-1, 1)), 600, CONFIG, seed=0
    ).quality["nearest"]
    fitted = np.arange(600) < 300

    found = predicted(nearest, inputs, noise, fitted)[~fitted]

    assert np.square(found - noise[~fitted]).mean() > 0.25
