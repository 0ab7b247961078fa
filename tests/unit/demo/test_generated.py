"""Whether the generated workload is worth routing."""

from itertools import islice

import numpy as np

from pointsman.demo.generated import LLMS
from services.simulator.dataset import distinct
from services.simulator.planted import Planted, chance
from services.simulator.workload import check

_QUERIES = 600
_WILLINGNESS_TO_PAY = 4.0


def _played() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chance of a right answer, quality and cost in USD, each (queries, llms)."""
    planted, played = Planted(), []
    for task in islice(distinct(0), _QUERIES):
        for llm in LLMS:
            answer = planted.answer(llm, task.prompt)
            paid = answer.prompt_tokens * llm.usd_per_mtok_input + answer.response_tokens * llm.usd_per_mtok_output
            likely = chance(llm.skills.get(task.topic, llm.skill), task.problem.difficulty())
            played.append((likely, check(task.prompt, answer.text), paid / 1e6))
    chances, quality, cost_usd = np.array(played).reshape(_QUERIES, len(LLMS), 3).transpose(2, 0, 1)
    return chances, quality, cost_usd


def test_a_perfect_router_gains_and_a_random_one_does_not() -> None:
    chances, quality, cost_usd = _played()
    best = quality.mean(axis=0).argmax()
    every = np.arange(_QUERIES)

    usual_usd = cost_usd.mean(axis=0)
    perfect = (_WILLINGNESS_TO_PAY * chances - usual_usd / usual_usd.max()).argmax(axis=1)
    random = np.random.default_rng(0).integers(0, len(LLMS), _QUERIES)

    assert quality[every, perfect].mean() > quality[:, best].mean() + 0.05
    assert cost_usd[every, perfect].mean() < 0.15 * cost_usd[:, best].mean()
    assert quality[every, random].mean() < quality[:, best].mean() - 0.15


def test_no_llm_is_the_right_one_for_all_and_each_is_for_some() -> None:
    chances, _, cost_usd = _played()

    usual_usd = cost_usd.mean(axis=0)
    perfect = (_WILLINGNESS_TO_PAY * chances - usual_usd / usual_usd.max()).argmax(axis=1)
    shares = np.bincount(perfect, minlength=len(LLMS)) / _QUERIES

    assert shares.max() < 0.6
    # The strong one is for what the specialists cannot do.
    assert (shares[:3] > 0.05).all()
