"""Words backwards."""

from dataclasses import dataclass
from random import Random

from services.simulator.workload.problem import Topic, swap_two
from services.simulator.workload.wordings import Wordings
from services.simulator.workload.words import WORDS

_WORDINGS = Wordings(
    {"text": "[a-z]+(?: [a-z]+)*"},
    'Spell "{text}" backwards.',
    'Reverse the characters of the string "{text}".',
    'What do you read when you hold "{text}" up to a mirror, the last letter first?',
)


@dataclass(frozen=True, slots=True)
class Reversal:
    """Words to be written from the last letter to the first."""

    text: str

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, text=self.text)

    def answer(self) -> str:
        return self.text[::-1]

    def difficulty(self) -> float:
        return min(0.11 * (len(self.text) - 4), 4.5)

    def wrong(self, random: Random) -> str:
        return swap_two(self.text[::-1], random)


def _draw(random: Random, level: int) -> Reversal:
    return Reversal(" ".join(random.sample(WORDS, k=1 + level)))


def _read(text: str) -> Reversal | None:
    found = _WORDINGS.read(text)
    return None if found is None else Reversal(found["text"])


SPELLING = Topic("spelling", _draw, _read)
