"""Which queries are asked and which are learnt from."""

import numpy as np
import pytest

from pointsman.demo.table import Sizes, choose
from shared.errors import ConfigurationError

_WORDS = [f"{noun}{verb}" for noun in "abcdefghijklmnopqrst" for verb in "uvwxyz"]


def _prompts() -> list[str]:
    """Every third is another but for its numbers."""
    return [f"{word} {number}" for word in _WORDS for number in range(3)]


def _all(count: int) -> np.ndarray:
    return np.ones(count, np.bool_)


def test_nothing_that_is_asked_is_learnt_from() -> None:
    prompts = _prompts()

    asked, learnt = choose(prompts, _all(len(prompts)), Sizes(60, 200), seed=0)

    words = [{prompts[index].split()[0] for index in some} for some in (asked, learnt)]
    assert len(set(asked.tolist())) == 60
    assert 0 < len(learnt) <= 200
    assert not words[0] & words[1]


def test_only_queries_that_every_llm_answered_are_asked() -> None:
    prompts = _prompts()
    complete = np.arange(len(prompts)) % 2 == 0

    asked, _ = choose(prompts, complete, Sizes(40, 100), seed=3)

    assert complete[asked].all()


def test_the_seed_decides_what_is_asked() -> None:
    prompts = _prompts()

    first, again, other = (choose(prompts, _all(len(prompts)), Sizes(40, 100), seed)[0].tolist() for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_too_few_queries_are_refused_with_the_number_that_does() -> None:
    with pytest.raises(ConfigurationError, match=r"--queries \d+"):
        choose(_prompts(), _all(360), Sizes(300, 10), seed=0)
