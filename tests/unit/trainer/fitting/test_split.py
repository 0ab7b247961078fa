"""Held-out queries."""

import numpy as np

from services.trainer.fitting.split import held_out


def test_the_share_is_kept_and_depends_on_the_seed() -> None:
    prompts = [
        f"prompt {'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10 % 10]}{'uvwxyzabcd'[i // 100]}" for i in range(1000)
    ]

    first, second = held_out(prompts, 0.2, seed=0), held_out(prompts, 0.2, seed=1)

    assert 150 < first.sum() < 250
    assert not np.array_equal(first, second)
    assert np.array_equal(first, held_out(prompts, 0.2, seed=0))


def test_prompts_that_differ_only_in_numbers_and_punctuation_stay_together() -> None:
    twins = [f"Ann has {n} apples, eats {n - 1}." for n in range(2, 50)]

    assert len(set(held_out(twins, 0.5, seed=3))) == 1


def test_many_prompts_from_few_templates_are_divided_by_their_numbers() -> None:
    sums = [f"What is {n} + {m}?" for n in range(30) for m in range(30)]

    divided = held_out([*sums, *sums], 0.2, seed=3)

    assert 120 < divided[:900].sum() < 240
    assert np.array_equal(divided[:900], divided[900:])
