"""What the topics have in common: a problem knows its answer, its difficulty and how one gets it wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

#: Difficulties to draw from; 0 is a warm-up, 4 is hard.
LEVELS = (0, 1, 2, 3, 4)


class Problem(Protocol):
    """A question in numbers and names, without its wording."""

    def write(self, random: Random) -> str:
        """One of the wordings of this problem."""

    def answer(self) -> str:
        """The right answer."""

    def difficulty(self) -> float:
        """On the scale of the skills, about 0 to 4."""

    def wrong(self, random: Random) -> str:
        """A plausible wrong answer."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of problem: drawn from a level, and read back from any text that contains its wording."""

    name: str
    draw: Callable[[Random, int], Problem]
    read: Callable[[str], Problem | None]


def near(number: int, random: Random) -> int:
    """Another whole number that a slip of the pen could have made.

    >>> near(5, Random(1)) == 5
    False
    """
    slip = random.choice((1, 2, 9, 10, max(1, abs(number) // 10)))
    return number + random.choice((-1, 1)) * slip


def swap_two(text: str, random: Random) -> str:
    """The text with two neighbouring, different characters exchanged; one more character where all are the same."""
    places = [place for place in range(len(text) - 1) if text[place] != text[place + 1]]
    if not places:
        return text + text[-1:]
    place = random.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
