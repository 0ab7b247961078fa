"""The baselines, on problems small enough to know what they must do."""

import numpy as np
import pytest

from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.judging import Judge
from pointsman.evaluation.lineup import BASELINES
from pointsman.evaluation.playing import SETTINGS, Estimates, Played, choices, realise
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.routers.cascade import cascade
from pointsman.evaluation.routers.means import dataset_mean, global_mean
from pointsman.evaluation.routers.oracle import oracle
from pointsman.evaluation.routers.singles import best_single, random
from shared.routing.offer import Offer
from shared.routing.score import Weights, score
from tests.unit.evaluation.planted import answered, planted, problem_of, topics_of


def area(problem: Problem, played: Played) -> float:
    return float(Judge(problem.material, samples=20).judge(played).scored.measures.area[0])


def two_llms(quality: Doubles, cost_usd: Doubles) -> Problem:
    """The same queries to fit on and to score on, told apart by what stands before them."""
    vectors = np.eye(len(quality))
    llms = ("cheap", "dear")
    return problem_of(answered(quality, cost_usd, llms), answered(quality, cost_usd, llms, seed=1), vectors, vectors)


def test_choices_are_those_of_the_score_that_decides() -> None:
    random_ = np.random.default_rng(0)
    estimates = Estimates(random_.random((30, 5)), random_.random((30, 5)) / 100, random_.random((30, 5)))
    weights = Weights(beta=0.0, cost_scale_per_usd=200.0)

    chosen = choices(estimates, weights, SETTINGS[::20])

    for row, setting in enumerate(SETTINGS[::20]):
        at = Weights(willingness_to_pay=setting, beta=0.0, cost_scale_per_usd=200.0)
        for query in range(30):
            totals = [score(_offer(estimates, query, llm), at).total for llm in range(5)]
            assert chosen[row, query] == totals.index(max(totals))


def test_there_are_400_settings_and_0() -> None:
    assert len(SETTINGS) == 401
    assert SETTINGS[0] == 0
    np.testing.assert_allclose(np.diff(np.log(SETTINGS[1:])), np.log(1e7) / 399)


def test_nobody_passes_the_oracle() -> None:
    problem = planted()
    bound = area(problem, oracle(problem))

    areas = {name: area(problem, play(problem)) for name, play in BASELINES.items()}

    assert max(areas, key=areas.__getitem__) == "oracle"
    assert bound == areas["oracle"]


def test_the_random_router_draws_from_the_cheapest_and_in_the_end_from_all() -> None:
    problem = two_llms(np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[0.1, 0.3], [0.1, 0.5]]))

    played = random(problem)

    np.testing.assert_allclose(played.quality, [[0, 1], [0.5, 1]])
    np.testing.assert_allclose(played.cost_usd, [[0.1, 0.1], [0.2, 0.3]])


def test_the_best_single_llm_is_chosen_in_training() -> None:
    train = answered(np.array([[0.9, 0.8]] * 4), np.array([[0.1, 0.3]] * 4), ("cheap", "dear"))
    test = answered(np.array([[0.2, 0.8]] * 4), np.array([[0.1, 0.3]] * 4), ("cheap", "dear"))
    problem = problem_of(train, test, np.eye(4), np.eye(4))

    played = best_single(problem)

    np.testing.assert_allclose(played.quality, [[0.2] * 4])


def test_the_label_tells_dataset_mean_what_global_mean_does_not_know() -> None:
    problem = planted()

    told, untold = area(problem, dataset_mean(problem)), area(problem, global_mean(problem))

    assert told > untold + 0.1


def test_a_data_set_that_was_never_trained_on_falls_back_on_all() -> None:
    train = answered(np.array([[0.9, 0.5]] * 3), np.array([[0.1, 0.3]] * 3), ("cheap", "dear"), ["known"] * 3)
    test = answered(np.array([[1.0, 0.0]] * 2), np.array([[0.1, 0.3]] * 2), ("cheap", "dear"), ["new"] * 2)
    problem = problem_of(train, test, np.eye(3), np.eye(3)[:2])

    assert dataset_mean(problem).quality.mean() == 1.0


@pytest.mark.parametrize("name", ["knn", "mlp", "clusters"])
def test_what_looks_at_the_vector_finds_the_planted_topics(name: str) -> None:
    problem = planted()
    known = realise(problem.test, np.tile(topics_of(problem), (len(SETTINGS), 1)))

    found = area(problem, BASELINES[name](problem))

    assert found > area(problem, global_mean(problem)) + 0.1
    assert found > 0.9 * area(problem, known)


def test_a_cascade_pays_for_every_call() -> None:
    # The cheap one is good at every other query, and its neighbours tell which.
    quality = np.tile([[1.0, 1.0], [0.0, 1.0]], (60, 1))
    vectors = np.tile([[1.0, 0.0], [0.0, 1.0]], (60, 1))
    costs = np.tile([[0.1, 1.0]], (120, 1))
    llms = ("cheap", "dear")
    problem = problem_of(answered(quality, costs, llms), answered(quality, costs, llms, seed=1), vectors, vectors)

    played = cascade(problem)

    at_half = int(np.argmin(np.abs(played.settings - 0.5)))
    assert played.quality[at_half].mean() == 1.0
    np.testing.assert_allclose(played.cost_usd[at_half][:2], [0.1, 1.1])


def test_an_unanswered_training_query_is_left_out_of_every_mean() -> None:
    problem = planted()
    problem.train.quality[::7, 1] = np.nan
    problem.train.cost_usd[::7, 1] = np.nan

    for play in BASELINES.values():
        played = play(problem)

        assert np.isfinite(played.quality).all()
        assert np.isfinite(played.cost_usd).all()


def _offer(estimates: Estimates, query: int, llm: int) -> Offer:
    assert estimates.uncertainty is not None
    return Offer(
        str(llm),
        quality=float(estimates.quality[query, llm]),
        uncertainty=float(estimates.uncertainty[query, llm]),
        cost_usd=float(estimates.cost_usd[query, llm]),
        wait_s=0.0,
        needed_tokens=1,
        context_tokens=2,
    )
