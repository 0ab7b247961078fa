"""The served router: what it recovers, and that the live services choose the same."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from pointsman.evaluation import served
from pointsman.evaluation.fitted import SERVED, Fitted, fit_all
from pointsman.evaluation.judging import Judge
from pointsman.evaluation.playing import SETTINGS, Estimates, Played, choices, realise
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.report import difference
from pointsman.evaluation.routers.singles import best_single, random
from pointsman.training.config import TrainConfig
from services.decision.decide import Decider, Dispatched
from services.decision.fleet import Fleet
from services.decision.outstanding import Outstanding
from services.decision.settings import DecisionSettings
from services.decision.undecided import Undecided
from services.predictor.handler import PredictHandler, read_embedding
from services.trainer.fitting.basis import HeadConfig
from shared.artifacts import Artifacts
from shared.head import Head
from shared.messages import Accepted, Embedding, Llm, Model, PolicyParameters, Prediction, Query, pack_vector
from shared.metrics import Metrics
from shared.stream.records import Position, Record
from tests.unit.decision.stage import START, a_partition, an_announcement
from tests.unit.evaluation.planted import noise, planted, topics_of

_QUERIES = 200
_QUICK = TrainConfig(heads=HeadConfig(quality=("extra", "ridge")))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A problem with its heads."""

    problem: Problem
    fitted: Fitted

    def play(self) -> Played:
        return served.play(self.problem, self.fitted.predict(SERVED, self.problem.test_embedded))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    return evaluated(planted(), tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def chance(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    return evaluated(noise(), tmp_path_factory.mktemp("noise"))


def evaluated(problem: Problem, folder: Path) -> Evaluated:
    place = served.Workshop(Artifacts(folder.as_uri()), "encoder-1")
    return Evaluated(problem, fit_all(problem, place, _QUICK, (), lambda _stage, _done, _total: None))


def test_the_planted_router_is_recovered(known: Evaluated) -> None:
    problem, judge = known.problem, Judge(known.problem.material, samples=300)
    best = judge.judge(realise(problem.test, np.tile(topics_of(problem), (len(SETTINGS), 1)))).scored

    ours = judge.judge(known.play()).scored

    assert ours.measures.area[0] > 0.97 * best.measures.area[0]


def test_the_planted_router_is_surely_better_than_any_single_llm(known: Evaluated) -> None:
    judge = Judge(known.problem.material, samples=300)

    low, _, _ = difference(judge.judge(known.play()).scored, judge.judge(best_single(known.problem)).scored)

    assert low > 0


def test_of_noise_nothing_is_gained_over_chance(chance: Evaluated) -> None:
    judge = Judge(chance.problem.material, samples=300)

    low, _, high = difference(judge.judge(chance.play()).scored, judge.judge(random(chance.problem)).scored)

    assert low <= 0 <= high


def test_an_llm_whose_head_was_rejected_is_routed_to_by_its_prior(chance: Evaluated) -> None:
    rejected = [candidate.rejected is not None for candidate in chance.fitted.heads[SERVED]]

    predictions = chance.fitted.predict(SERVED, chance.problem.test_embedded)

    assert any(rejected)
    for column, (prior, tariff) in enumerate(zip(rejected, chance.fitted.tariffs, strict=True)):
        if prior:
            np.testing.assert_allclose(predictions.quality[:, column], tariff.prior_quality, rtol=1e-6)
            assert (predictions.uncertainty[:, column] == 1).all()


def test_the_live_services_choose_the_same_for_the_same_vectors(known: Evaluated) -> None:
    problem = known.problem
    weights = served.policy_weights(problem)
    predicted = known.fitted.predict(SERVED, problem.test_embedded)
    settings = SETTINGS[[0, 150, 180, 200, 220, 250, 400]]
    ours = choices(Estimates(predicted.quality, predicted.cost_usd, predicted.uncertainty), weights, settings)

    with Live(known) as live:
        theirs = [[live.choose(query, float(setting)) for query in range(_QUERIES)] for setting in settings]

    names = np.array(problem.test.llms)
    assert names[ours[:, :_QUERIES]].tolist() == theirs
    assert len({llm for row in theirs for llm in row}) > 2


class Live:
    """The predictors' and the decision service's own code, fed with an embedded test query at a time."""

    def __init__(self, known: Evaluated) -> None:
        self._embedded = known.problem.test_embedded
        self._thread = ThreadPoolExecutor(1)
        self._llms = [
            Llm(
                name=name,
                base_url="http://localhost/v1",
                model=name,
                usd_per_mtok_input=tariff.usd_per_mtok_input,
                usd_per_mtok_output=tariff.usd_per_mtok_output,
                prompt_token_ratio=tariff.prompt_token_ratio,
                prior_quality=tariff.prior_quality,
                prior_response_tokens=tariff.prior_response_tokens,
                context_tokens=10**6,
            )
            for name, tariff in zip(known.problem.test.llms, known.fitted.tariffs, strict=True)
        ]
        heads = [
            None if candidate.rejected else Head.load(candidate.model, known.fitted.place.artifacts)
            for candidate in known.fitted.heads[SERVED]
        ]
        self._predictors = [
            PredictHandler(llm, _known(head), self._thread, lambda: START, Metrics())
            for llm, head in zip(self._llms, heads, strict=True)
        ]
        self._predictions: dict[int, dict[str, Prediction]] = {}
        scale = served.policy_weights(known.problem).cost_scale_per_usd
        self._fleet, self._outstanding, ids = Fleet(), Outstanding(), count()
        for llm in self._llms:
            self._fleet.learn(llm)
            self._outstanding.announce(an_announcement(llm.name, a_partition(llm.name, 0)))
        policy = PolicyParameters(cost_scale_per_usd=scale, beta=0.0, exploration=0.0)
        self._fleet.follow(Model(kind="policy", version="evaluated", policy=policy))
        settings = DecisionSettings(instance="decision-1")
        self._decider = Decider(self._fleet, self._outstanding, settings, lambda: 0.5, lambda: str(next(ids)))

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def choose(self, query: int, willingness_to_pay: float) -> str:
        if query not in self._predictions:
            self._predictions[query] = asyncio.run(self._predict(query))
        asked = {"query_id": f"q{query}", "prompt": "?", "preferences": {"willingness_to_pay": willingness_to_pay}}
        accepted = Accepted(
            query=Query.model_validate(asked),
            origin=f"0-{query}",
            accepted_at=START,
            vector=self._vector(query),
            encoder="encoder-1",
            prompt_tokens=int(self._embedded.prompt_tokens[query]),
        )
        record = Record(Position("accepted", 0, query), accepted.encode(), START)
        undecided = Undecided(accepted, record, START, START + 600, predictions=self._predictions[query])
        decided = self._decider.decide(undecided, START)
        assert isinstance(decided, Dispatched)
        self._outstanding.release(decided.reservation)
        return decided.dispatch.llm

    async def _predict(self, query: int) -> dict[str, Prediction]:
        embedding = Embedding(
            origin=f"0-{query}",
            accepted_at=START,
            vector=self._vector(query),
            features=pack_vector(self._embedded.features[query].astype("<f4").tobytes()),
            encoder="encoder-1",
            prompt_tokens=int(self._embedded.prompt_tokens[query]),
        )
        record = Record(Position("embeddings", 0, query), embedding.encode(), START)
        made = [await predictor.handle([(record, read_embedding(record))]) for predictor in self._predictors]
        predictions = [Prediction.decode(outgoing.value or b"") for (outgoing,) in made]
        return {prediction.llm: prediction for prediction in predictions}

    def _vector(self, query: int) -> str:
        return pack_vector(self._embedded.vectors[query].astype("<f4").tobytes())


def _known(head: Head | None) -> Callable[[str], Awaitable[Head | None]]:
    """The head of whatever encoder."""

    async def find(_encoder: str) -> Head | None:
        return head

    return find
