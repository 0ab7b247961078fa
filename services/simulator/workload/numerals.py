"""Numbers in Roman numerals."""

from dataclasses import dataclass
from random import Random

from services.simulator.workload.problem import Topic
from services.simulator.workload.wordings import Wordings

_SIGNS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_WORDINGS = Wordings(
    {"number": "[1-9][0-9]{0,2}|[123][0-9]{3}"},
    "Write {number} in Roman numerals.",
    "The year {number} is to be carved above the door of a church, in Roman numerals. What has to be carved?",
    "How would an ancient Roman have written the number {number}?",
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number from 1 to 3999."""

    number: int

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, number=self.number)

    def answer(self) -> str:
        return roman(self.number)

    def difficulty(self) -> float:
        return 0.4 * (len(roman(self.number)) - 1)

    def wrong(self, random: Random) -> str:
        return roman(self.number + random.choice((1, 2, 10)))


def roman(number: int) -> str:
    """A positive number in Roman numerals.

    >>> roman(1994)
    'MCMXCIV'
    """
    text = ""
    for value, sign in _SIGNS:
        count, number = divmod(number, value)
        text += sign * count
    return text


def _draw(random: Random, level: int) -> Numeral:
    low, high = ((1, 12), (11, 60), (60, 400), (400, 1500), (1500, 3899))[level]
    return Numeral(random.randint(low, high))


def _read(text: str) -> Numeral | None:
    found = _WORDINGS.read(text)
    return None if found is None else Numeral(int(found["number"]))


NUMERALS = Topic("numerals", _draw, _read)
