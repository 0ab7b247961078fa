from dataclasses import replace

import pytest

from services.executor.pieces import Answer
from services.executor.speed import WEIGHT, Speed

ANSWER = Answer("text", "stop", None, prompt_tokens=12, response_tokens=20, pieces=18, first_token_s=0.5, total_s=2.5)


def test_nothing_is_known_before_the_first_answer() -> None:
    speed = Speed()

    assert (speed.first_token_s, speed.tokens_per_s, speed.prompt_token_ratio) == (None, None, None)


def test_answers_move_the_mean_by_their_weight() -> None:
    speed = Speed()
    speed.observe(ANSWER, encoder_tokens=10)
    speed.observe(replace(ANSWER, first_token_s=1.5, total_s=3.5), encoder_tokens=10)

    assert speed.first_token_s == pytest.approx(0.5 + WEIGHT)
    assert speed.tokens_per_s == pytest.approx(10)
    assert speed.prompt_token_ratio == pytest.approx(1.2)


def test_a_short_answer_says_nothing_of_tokens_per_second() -> None:
    speed = Speed()

    speed.observe(replace(ANSWER, response_tokens=3), encoder_tokens=10)

    assert speed.tokens_per_s is None


def test_without_usage_pieces_stand_for_tokens() -> None:
    speed = Speed()

    speed.observe(replace(ANSWER, prompt_tokens=None, response_tokens=None), encoder_tokens=10)

    assert speed.tokens_per_s == pytest.approx(9)
    assert speed.prompt_token_ratio is None
