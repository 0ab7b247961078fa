"""A refit adds news to kept rows, and judges on what the live head has not seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pointsman.training.recorded import Answers
from services.trainer.fitting import publishing
from services.trainer.fitting.basis import HeadConfig, basis_of_one
from services.trainer.fitting.card import Candidate, Comparison, Lineage
from services.trainer.fitting.gathering import gather, of_log
from services.trainer.fitting.order import Order
from services.trainer.fitting.refit import RefitConfig, refit
from services.trainer.fitting.rows import Queries, store_rows
from shared.artifacts import Artifacts
from shared.database.labels import Label
from shared.errors import ArtifactError, PermanentError
from shared.features import FEATURES
from shared.head import Inputs
from shared.inference import Floats
from shared.packed import pack_neighbours

CONFIG = RefitConfig(heads=HeadConfig(quality=("ridge",), length=("ridge",)))
ORDER = Order(llm="small", encoder="e1")


def unit_vectors(count: int, seed: int) -> Floats:
    vectors = np.random.default_rng(seed).normal(scale=0.4, size=(count, 6)).astype(np.float32)
    vectors[:, 0] = np.where(np.arange(count) % 2, 1, -1)
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def labels(count: int, seed: int = 0, said_at: float = 100.0) -> list[Label]:
    """Good where the first component is positive."""
    return [
        Label(vector.tobytes(), 10, 100 + number % 7, float(vector[0] > 0), said_at + number)
        for number, vector in enumerate(unit_vectors(count, seed))
    ]


def test_a_first_head_needs_no_comparison_and_tells_its_rows(tmp_path: Path) -> None:
    candidate = refit(ORDER, labels(300), 7, Artifacts(tmp_path.as_uri()), CONFIG)

    card = candidate.card
    assert (candidate.rejected, card.compared) == (None, None)
    assert (card.training_rows, card.log_rows, card.log_until, card.left_out_rows) == (300, 300, 399, 7)


def test_kept_rows_stay_and_their_basis_too(tmp_path: Path) -> None:
    artifacts, vectors = Artifacts(tmp_path.as_uri()), unit_vectors(200, seed=9)
    held = np.arange(200) % 4 == 0
    answers = Answers(
        query=np.arange(200),
        quality=(vectors[:, 0] > 0).astype(np.float32),
        response_tokens=np.full(200, 50, np.float32),
        cost_usd=np.ones(200, np.float32),
    )
    queries = Queries(Inputs(vectors, np.full(200, 10, np.float32)), held, np.arange(200) % 8 == 0)
    basis = basis_of_one(queries.answered(answers), replace(CONFIG.heads, quality=("network",)), seed=0)
    kept = Lineage(rows_sha256=store_rows(queries, basis, {"small": answers}, artifacts))

    candidate = refit(ORDER.model_copy(update={"seen": kept}), labels(40), 0, artifacts, CONFIG)

    assert (candidate.card.training_rows, candidate.card.log_rows) == (240, 40)
    assert candidate.card.rows_sha256 == kept.rows_sha256
    assert candidate.card.quality.kind == "network"


def test_an_llm_that_came_after_a_run_stands_on_the_others_ground(tmp_path: Path) -> None:
    artifacts, vectors = Artifacts(tmp_path.as_uri()), unit_vectors(200, seed=9)
    tokens, usd = np.full(200, 50, np.float32), np.ones(200, np.float32)
    answers = Answers(np.arange(200), (vectors[:, 0] > 0).astype(np.float32), tokens, usd)
    queries = Queries(Inputs(vectors, np.full(200, 10, np.float32)), np.arange(200) % 4 == 0, np.zeros(200, np.bool_))
    network = replace(CONFIG.heads, quality=("network",))
    basis = replace(basis_of_one(queries.answered(answers), network, seed=0), works=True)
    ground = store_rows(queries, basis, {"large": answers}, artifacts)

    candidate = refit(ORDER.model_copy(update={"ground_sha256": ground}), labels(160), 0, artifacts, CONFIG)

    card = candidate.card
    assert (card.quality.kind, card.quality.in_good_company, candidate.rejected) == ("network", True, None)
    assert (card.training_rows, card.log_rows, card.rows_sha256) == (160, 160, None)


@pytest.mark.parametrize("works", [False, True])
def test_a_head_that_went_live_in_good_company_is_refitted_by_the_same_rule(works: bool, tmp_path: Path) -> None:
    artifacts, vectors = Artifacts(tmp_path.as_uri()), unit_vectors(200, seed=9)
    # Right or wrong, and a little more often right where the first component is positive.
    quality = np.random.default_rng(0).random(200) < np.where(vectors[:, 0] > 0, 0.57, 0.43)
    tokens, usd = np.full(200, 50, np.float32), np.ones(200, np.float32)
    answers = Answers(np.arange(200), quality.astype(np.float32), tokens, usd)
    held = np.arange(200) % 5 == 0
    queries = Queries(Inputs(vectors, np.full(200, 10, np.float32)), held, np.zeros(200, np.bool_))
    basis = replace(basis_of_one(queries.answered(answers), CONFIG.heads, seed=0), works=works)
    kept = Lineage(rows_sha256=store_rows(queries, basis, {"small": answers}, artifacts))

    candidate = refit(ORDER.model_copy(update={"seen": kept}), labels(10), 0, artifacts, CONFIG)

    judged = candidate.card.quality
    assert judged.in_good_company is works
    assert judged.squared_error < judged.constant_squared_error
    assert judged.least_gain < 0
    assert (candidate.rejected is None) is works


def succeeded(tmp_path: Path, first: list[Label], then: list[Label]) -> Candidate:
    """The second of two heads, compared with the first."""
    artifacts = Artifacts(tmp_path.as_uri())
    live = refit(ORDER, first, 0, artifacts, CONFIG)
    order = ORDER.model_copy(update={"live": live.model, "seen": live.card})
    return refit(order, [*first, *then], 0, artifacts, CONFIG)


def test_the_next_head_must_not_be_worse_than_the_live_one(tmp_path: Path) -> None:
    first = labels(300)
    nothing_learned = [replace(one, quality=1.0 if n % 3 else 0.0) for n, one in enumerate(first)]

    better = succeeded(tmp_path / "better", nothing_learned, labels(300, seed=1, said_at=1000)).card.compared

    assert better is not None
    assert better.squared_error < better.live_squared_error
    assert better.rejected() is None
    assert 40 < better.rows < 90
    worse = Comparison(live="v1", rows=better.rows, squared_error=0.3, live_squared_error=0.2)
    assert "that of the live v1 0.2000" in (worse.rejected() or "")


def test_too_few_unseen_rows_cannot_judge(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="20 held-out queries of small that its live head was not fitted on"):
        succeeded(tmp_path, labels(300), labels(10, seed=1, said_at=1000))


def test_what_the_live_head_saw_does_not_judge_it_again() -> None:
    first, again = labels(50), labels(50, said_at=1000)
    news = of_log([*first, *again], None, 0.5, seed=0)

    gathered = gather(None, news, np.arange(100) < 50)

    assert not gathered.unseen.any()
    assert np.array_equal(news.held_out[:50], news.held_out[50:])


def test_a_kept_query_that_got_feedback_counts_once_by_its_users_word() -> None:
    news = of_log([replace(one, quality=0.5) for one in labels(10)], None, 0.5, seed=0)
    kept = of_log(labels(30), None, 0.5, seed=0)

    gathered = gather(kept, news, np.zeros(10, np.bool_))

    assert len(gathered.examples.quality) == 30
    assert gathered.examples.quality[-10:].tolist() == [0.5] * 10
    assert not gathered.unseen.any()


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (labels(20), "expected 30 rows of small"),
        ([replace(one, quality=1.0) for one in labels(300)], "all 300 are rated 1"),
        ([], "all 0 are rated nothing"),
        ([*labels(200), replace(labels(1)[0], vector=b"\0" * 12)], "vectors of one length"),
    ],
)
def test_rows_that_make_no_head_are_refused(found: list[Label], says: str, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=says):
        refit(ORDER, found, 0, Artifacts(tmp_path.as_uri()), CONFIG)


def test_a_head_that_fails_parity_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph_of = publishing.head_graph
    monkeypatch.setattr(publishing, "head_graph", lambda head: graph_of(replace(head, smear=head.smear * 1.1)))

    with pytest.raises(ArtifactError, match="of its estimators"):
        refit(ORDER, labels(300), 0, Artifacts(tmp_path.as_uri()), CONFIG)

    assert not tmp_path.exists() or not list(tmp_path.iterdir())


def test_labels_bring_back_what_was_computed_of_their_queries(tmp_path: Path) -> None:
    features, neighbours = np.full(len(FEATURES), 0.25, "<f4"), pack_neighbours(np.array([7]), np.ones(1, np.float32))
    rich = [replace(one, features=features.tobytes(), neighbours=neighbours) for one in labels(10)]

    all_rich = of_log(rich, None, 0.5, seed=0)
    one_older = of_log([*rich, *labels(1, seed=1)], None, 0.5, seed=0)

    assert all_rich.features is not None
    assert all_rich.features.tolist() == [features.tolist()] * 10
    assert all_rich.neighbours is not None
    assert all_rich.neighbours.tolist() == [[7]] * 10
    assert (one_older.features, one_older.neighbours, one_older.similarities) == (None, None, None)
    assert gather(all_rich, of_log([], 6, 0.5, 0), np.zeros(0, np.bool_)).examples is all_rich


def test_what_only_some_rows_have_is_no_input() -> None:
    plain = of_log(labels(10), None, 0.5, seed=0)
    rich = replace(plain, features=np.ones((10, 2), np.float32), neighbours=np.ones((10, 3), np.int64))
    others = of_log(labels(5, seed=1), None, 0.5, seed=0)

    mixed = gather(rich, others, np.zeros(5, np.bool_)).examples
    alike = gather(rich, replace(others, features=np.zeros((5, 2), np.float32)), np.zeros(5, np.bool_)).examples

    assert (mixed.features, mixed.neighbours) == (None, None)
    assert alike.features is not None
    assert alike.features.sum(axis=1).tolist() == [2] * 10 + [0] * 5
