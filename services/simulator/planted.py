"""Planted skills: an LLM solves a problem with a probability that follows from its skill, and always the same way."""

from collections.abc import Mapping
from math import exp
from random import Random

from services.simulator.answers import Answer, count_tokens, prompt_hash
from services.simulator.profiles import Profile
from services.simulator.workload import Task, recognise

#: How steeply the chance of success falls around difficulty = skill.
SHARPNESS = 1.5
#: Usual response tokens by topic, before verbosity and difficulty.
_LENGTHS: Mapping[str, int] = {
    "arithmetic": 60,
    "counting": 90,
    "dates": 70,
    "numerals": 40,
    "ordering": 160,
    "sequences": 110,
    "shopping": 120,
    "spelling": 50,
    "tracing": 220,
    "units": 45,
}
_THOUGHTS = (
    "Let us go through it step by step.",
    "First I write down what is given.",
    "Then each part is worked out on its own.",
    "I keep the intermediate result and go on from there.",
    "Now the parts are put together.",
    "Before I answer, I check the step that is easiest to get wrong.",
    "The same value comes out when it is done the other way round.",
    "Nothing else in the question changes the result.",
)


class Planted:
    """Answers to the generated workload; any other prompt gets a polite reply that says who is talking."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def answer(self, profile: Profile, prompt: str) -> Answer:
        """Right or wrong, long or short, as the hash of seed, LLM and prompt has it."""
        task = recognise(prompt)
        random = Random(f"{self._seed} {profile.name} {prompt_hash(prompt)}")
        text = _introduce(profile) if task is None else _solve(profile, task, random)
        return Answer(text, count_tokens(prompt), count_tokens(text))


def chance(skill: float, difficulty: float) -> float:
    """Probability of a right answer, 1 / (1 + exp(-SHARPNESS (skill - difficulty))).

    >>> chance(2.0, 2.0)
    0.5
    """
    return 1 / (1 + exp(-SHARPNESS * (skill - difficulty)))


def _solve(profile: Profile, task: Task, random: Random) -> str:
    difficulty = task.problem.difficulty()
    right = random.random() < chance(profile.skills.get(task.topic, profile.skill), difficulty)
    result = task.problem.answer() if right else task.problem.wrong(random)
    usual = _LENGTHS[task.topic] * profile.verbosity * (1 + difficulty / 4)
    return _think(usual * random.lognormvariate(0, 0.25), random) + f"\nAnswer: {result}"


def _think(tokens: float, random: Random) -> str:
    """Thoughts of at least that many tokens."""
    said: list[str] = []
    while tokens > 0:
        said.append(random.choice(_THOUGHTS))
        tokens -= count_tokens(said[-1])
    return " ".join(said)


def _introduce(profile: Profile) -> str:
    return (
        f"I am {profile.name}, a simulated LLM, so I cannot really answer that. I solve generated exercises such as "
        '"What is 17 * 3 + 4?", each of us with other skills. Your question did go the whole way through the fleet.'
    )
