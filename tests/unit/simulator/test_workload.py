from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.simulator.workload import LEVELS, TOPICS, check, generate, recognise, tasks

SEEDS = st.integers(min_value=0, max_value=2**32)


@given(topic=st.sampled_from(TOPICS), level=st.sampled_from(LEVELS), seed=SEEDS)
def test_a_problem_is_read_back_from_its_prompt(topic: str, level: int, seed: int) -> None:
    task = generate(topic, level, Random(seed))

    assert recognise(task.prompt) == task


def test_a_thousand_prompts_are_recognised_whatever_their_white_space() -> None:
    for task in islice(tasks(seed=3), 1000):
        found = recognise("\n  ".join(task.prompt.split()))

        assert found is not None
        assert (found.topic, found.problem) == (task.topic, task.problem)


@given(topic=st.sampled_from(TOPICS), level=st.sampled_from(LEVELS), seed=SEEDS)
def test_the_right_answer_is_worth_one_and_a_wrong_one_nothing(topic: str, level: int, seed: int) -> None:
    task = generate(topic, level, Random(seed))
    wrong = task.problem.wrong(Random(seed))

    assert check(task.prompt, f"First 1, then 2.\nAnswer: {task.problem.answer()}") == 1
    assert check(task.prompt, f"First 1, then 2.\nAnswer: {wrong}") == 0


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("What is 2 + 3 * 4 - 5?", "9"),
        ('Count the letter "a" in the following text: "banana island"', "4"),
        ("Which date is 3 days before 2024-03-02?", "2024-02-28"),
        ("Write 1994 in Roman numerals.", "MCMXCIV"),
        (
            "Ben is older than Carla. Anna is older than Ben. Who comes second in that order, counted from the top?",
            "Ben",
        ),
        ("Which number comes next: 1, 4, 9, 16, 25, ... ?", "36"),
        ("Which number comes next: 3, 8, 11, 19, 30, 49, ... ?", "79"),
        ("Which number comes next: 3, 5, 12, 14, 21, 23, ... ?", "30"),
        (
            "Work out the total in dollars of an order of 3 mugs, 7 dollars per piece, less 15 percent.",
            "17.85",
        ),
        ('Spell "amber" backwards.', "rebma"),
        (
            "What does this Python program print?\n\nx = 3\nfor step in range(2):\n"
            "    x = (x * 2 + 5 * step) % 7\nprint(x)\n",
            "3",
        ),
        ("Convert 3 weeks to hours.", "504"),
    ],
)
def test_worked_examples_of_every_topic(prompt: str, answer: str) -> None:
    found = recognise(prompt)

    assert found is not None
    assert found.problem.answer() == answer


@pytest.mark.parametrize(
    "prompt",
    [
        "What is the capital of France?",
        "",
        "Convert 3 weeks to metres.",
        "Anna is older than Ben. Carla is older than David. Who comes first in that order, counted from the top?",
    ],
)
def test_other_prompts_are_not_recognised(prompt: str) -> None:
    assert recognise(prompt) is None


def test_harder_levels_are_harder() -> None:
    for topic in TOPICS:
        easy, hard = (
            sum(generate(topic, level, Random(seed)).problem.difficulty() for seed in range(100)) / 100
            for level in (0, 4)
        )

        assert hard > easy + 1.5, topic


def test_grading_a_foreign_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="generated workload"):
        check("What is the capital of France?", "Paris")


@pytest.mark.parametrize(
    "response", ["**Answer:** 14", "The answer is 14.", "It is\n\n14\n", "answer: 3\nAnswer: `14`"]
)
def test_answers_are_found_as_llms_write_them(response: str) -> None:
    assert check("What is 2 + 3 * 4?", response) == 1


@pytest.mark.parametrize("response", ["", "Answer: 141", "14 is near, but\nAnswer: 15"])
def test_what_is_not_the_answer_is_worth_nothing(response: str) -> None:
    assert check("What is 2 + 3 * 4?", response) == 0


def test_the_same_seed_gives_the_same_tasks() -> None:
    assert list(islice(tasks(seed=5), 20)) == list(islice(tasks(seed=5), 20))
    assert list(islice(tasks(seed=5), 20)) != list(islice(tasks(seed=6), 20))
