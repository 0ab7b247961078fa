from itertools import islice

import pytest

from services.simulator.answers import count_tokens
from services.simulator.planted import Planted, chance
from services.simulator.profiles import CAST
from services.simulator.workload import TOPICS, check, recognise, tasks

PLOVER, EAGLE = CAST[0], CAST[3]


def test_answers_are_always_the_same_and_differ_by_seed() -> None:
    prompts = [task.prompt for task in islice(tasks(seed=1), 50)]

    first, again, other = ([Planted(seed).answer(PLOVER, prompt) for prompt in prompts] for seed in (0, 0, 1))

    assert first == again
    assert first != other


def test_white_space_does_not_change_an_answer() -> None:
    assert Planted().answer(EAGLE, "What is 2 + 2?").text == Planted().answer(EAGLE, "  What is\n2 + 2? ").text


def test_an_llm_is_right_as_often_as_its_skill_says() -> None:
    drawn = [task for task in islice(tasks(seed=2), 3000) if task.topic == "counting"]

    right = sum(check(task.prompt, Planted().answer(PLOVER, task.prompt).text) for task in drawn)

    expected = sum(chance(PLOVER.skills["counting"], task.problem.difficulty()) for task in drawn)
    assert right == pytest.approx(expected, rel=0.05)


def test_no_llm_is_best_at_everything_but_the_dear_one_is_best_overall() -> None:
    drawn = list(islice(tasks(seed=4), 2000))
    quality = {
        profile.name: {
            topic: sum(
                check(task.prompt, Planted().answer(profile, task.prompt).text) for task in drawn if task.topic == topic
            )
            for topic in TOPICS
        }
        for profile in CAST
    }

    best_by_topic = {max(quality, key=lambda name: quality[name][topic]) for topic in TOPICS}
    best = max(quality, key=lambda name: sum(quality[name].values()))

    assert best == EAGLE.name
    assert len(best_by_topic) > 1


def test_usage_counts_the_tokens_of_prompt_and_text() -> None:
    answer = Planted().answer(PLOVER, "What is 2 + 2?")

    assert answer.prompt_tokens == count_tokens("What is 2 + 2?") == 6
    assert answer.response_tokens == count_tokens(answer.text)


def test_other_prompts_get_a_reply_that_says_who_is_talking() -> None:
    answer = Planted().answer(PLOVER, "What is the capital of France?")

    assert "simulated" in answer.text
    assert PLOVER.name in answer.text


def test_an_answer_is_cut_at_the_limit() -> None:
    answer = Planted().answer(PLOVER, "What is 2 + 2?")

    short = answer.cut(10)

    assert (short.response_tokens, short.finish_reason) == (10, "length")
    assert answer.text.startswith(short.text)
    assert len(short.text) < len(answer.text)
    assert answer.cut(None) is answer.cut(answer.response_tokens) is answer


def test_the_cast_spans_a_hundredfold_of_prices_and_solves_what_the_error_message_names() -> None:
    prices = [profile.usd_per_mtok_output for profile in CAST]

    assert max(prices) / min(prices) >= 100
    assert recognise("What is 17 * 3 + 4?") is not None
