"""How often a letter occurs."""

from dataclasses import dataclass
from random import Random

from services.simulator.workload.problem import Topic
from services.simulator.workload.wordings import Wordings
from services.simulator.workload.words import WORDS

_WORDINGS = Wordings(
    {"letter": "[a-z]", "phrase": "[a-z]+(?: [a-z]+)*"},
    'How many times does the letter "{letter}" occur in "{phrase}"?',
    'Count the letter "{letter}" in the following text: "{phrase}"',
    'Somebody painted a sign. How many "{letter}" did they need for it, if it says "{phrase}"?',
)


@dataclass(frozen=True, slots=True)
class Counting:
    """One letter in a row of words."""

    letter: str
    phrase: str

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, letter=self.letter, phrase=self.phrase)

    def answer(self) -> str:
        return str(self.phrase.count(self.letter))

    def difficulty(self) -> float:
        return min(0.05 * len(self.phrase) + 0.12 * self.phrase.count(self.letter), 4.5)

    def wrong(self, random: Random) -> str:
        right = self.phrase.count(self.letter)
        return str(random.choice([count for count in (right - 1, right + 1, right + 2) if count >= 0]))


def _draw(random: Random, level: int) -> Counting:
    phrase = " ".join(random.sample(WORDS, k=(1, 2, 4, 6, 9)[level]))
    return Counting(random.choice(phrase.replace(" ", "")), phrase)


def _read(text: str) -> Counting | None:
    found = _WORDINGS.read(text)
    return None if found is None else Counting(found["letter"], found["phrase"])


COUNTING = Topic("counting", _draw, _read)
