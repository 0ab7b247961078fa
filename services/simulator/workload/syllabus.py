"""All topics, and the prompts that are drawn from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from services.simulator.workload.arithmetic import ARITHMETIC
from services.simulator.workload.counting import COUNTING
from services.simulator.workload.dates import DATES
from services.simulator.workload.numerals import NUMERALS
from services.simulator.workload.ordering import ORDERING
from services.simulator.workload.problem import LEVELS, Problem
from services.simulator.workload.sequences import SEQUENCES
from services.simulator.workload.shopping import SHOPPING
from services.simulator.workload.spelling import SPELLING
from services.simulator.workload.tracing import TRACING
from services.simulator.workload.units import UNITS

_TOPICS = (ARITHMETIC, COUNTING, DATES, NUMERALS, ORDERING, SEQUENCES, SHOPPING, SPELLING, TRACING, UNITS)
TOPICS = tuple(topic.name for topic in _TOPICS)
_OPENINGS = (
    ("A quick one.", "Just a warm-up.", "An easy question:"),
    ("A small exercise.", "Please help me with this.", ""),
    ("", "Here is a question.", "Think for a moment."),
    ("This one takes a few steps.", "Take your time with this problem.", "A harder exercise:"),
    ("A tricky problem that needs care.", "Only a few get this right.", "Be careful at every single step."),
)
_CLOSINGS = ('End with "Answer: " and the result.', 'Put the result on a last line that starts with "Answer: ".')


@dataclass(frozen=True, slots=True)
class Task:
    """A problem with its topic, and the prompt it was read from or written as."""

    topic: str
    prompt: str
    problem: Problem


def generate(topic: str, level: int, random: Random) -> Task:
    """A task of a topic at one of LEVELS; the same random state gives the same task."""
    problem = _TOPICS[TOPICS.index(topic)].draw(random, level)
    parts = (random.choice(_OPENINGS[level]), problem.write(random), random.choice(_CLOSINGS))
    return Task(topic, " ".join(part for part in parts if part), problem)


def tasks(seed: int) -> Iterator[Task]:
    """Endless tasks, all topics and levels in turn at random; the same seed gives the same ones."""
    random = Random(seed)
    while True:
        yield generate(random.choice(TOPICS), random.choice(LEVELS), random)


def recognise(prompt: str) -> Task | None:
    """Read a prompt's problem back from its text; None where it is none of this workload."""
    for topic in _TOPICS:
        problem = topic.read(prompt)
        if problem is not None:
            return Task(topic.name, prompt, problem)
    return None
