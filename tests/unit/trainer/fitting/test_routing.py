"""Areas of routers whose curves are known, and a choice that luck does not sway."""

import numpy as np
import pytest

from services.trainer.fitting.routing import Answered, area, areas, preferred

ONCE = np.ones((1, 200), np.int64)


def two_llms(seed: int = 0) -> Answered:
    """A dear one that answers all, and one at a quarter of its cost that answers half of the queries."""
    easy = (np.random.default_rng(seed).permutation(200) < 100).astype(np.float32)
    quality = np.stack([np.ones(200, np.float32), easy], axis=1)
    return Answered(quality, np.tile(np.array([1.0, 0.25], np.float32), (200, 1)), reference=0)


def test_who_knows_the_answers_pays_only_where_it_helps() -> None:
    """Below a quarter of the cost nothing is to be had, from there half the quality, from 0.625 all of it."""
    answered = two_llms()

    assert area(answered, answered.quality, answered.cost) == pytest.approx((38 * 0.5 + 38 * 1.0) / 99)


def test_who_knows_nothing_chooses_one_llm_for_all() -> None:
    answered = two_llms()
    means = np.tile(answered.quality.mean(axis=0), (200, 1))

    assert area(answered, means, answered.cost) == pytest.approx((75 * 0.5 + 1 * 1.0) / 99)


def test_a_sample_counts_queries_as_often_as_it_says() -> None:
    answered = two_llms()
    only_easy = (answered.quality[:, 1:].T * 2).astype(np.int64)

    found = areas(answered, answered.quality, answered.cost, np.concatenate([ONCE, only_easy]))

    assert found[1] == pytest.approx(76 / 99)
    assert found[1] > found[0]


def test_the_better_router_is_preferred() -> None:
    answered = two_llms()
    means = np.tile(answered.quality.mean(axis=0), (200, 1))

    kind, found = preferred(answered, {"blind": means, "seeing": answered.quality}, answered.cost, seed=0)

    assert kind == "seeing"
    assert found == {
        "blind": area(answered, means, answered.cost),
        "seeing": area(answered, answered.quality, answered.cost),
    }


def test_noise_seldom_replaces_what_is_preferred() -> None:
    replaced = 0
    for seed in range(12):
        answered, random = two_llms(seed), np.random.default_rng(seed + 100)
        blind, other = (answered.quality.mean(axis=0) + random.normal(size=(200, 2)) * 0.3 for _ in range(2))
        replaced += preferred(answered, {"blind": blind, "other": other}, answered.cost, seed)[0] == "other"

    assert replaced <= 4
