"""Conversions from a larger unit to a smaller one, so that all answers are whole numbers."""

from dataclasses import dataclass
from random import Random

from services.simulator.workload.problem import Topic, near
from services.simulator.workload.wordings import Wordings

#: Each scale from its smallest unit up: name, and how many of the smallest it is.
_SCALES = (
    {"millimetres": 1, "centimetres": 10, "metres": 1000, "kilometres": 1_000_000},
    {"milligrams": 1, "grams": 1000, "kilograms": 1_000_000, "tonnes": 1_000_000_000},
    {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800},
    {"inches": 1, "feet": 12, "yards": 36, "miles": 63_360},
    {"ounces": 1, "pounds": 16, "stones": 224},
)
_UNIT = "|".join(unit for scale in _SCALES for unit in scale)
_WORDINGS = Wordings(
    {"amount": "[0-9]+", "larger": _UNIT, "smaller": _UNIT},
    "Convert {amount} {larger} to {smaller}.",
    "How many {smaller} are there in {amount} {larger}?",
    "A sensor reports {amount} {larger}, but the form wants {smaller}. Which number goes into the form?",
    "Express {amount} {larger} in {smaller}, please.",
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """`amount` of the larger unit, asked in the smaller."""

    amount: int
    larger: str
    smaller: str

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, amount=self.amount, larger=self.larger, smaller=self.smaller)

    def answer(self) -> str:
        return str(self.amount * _factor(self.larger, self.smaller))

    def difficulty(self) -> float:
        factor = str(_factor(self.larger, self.smaller)).rstrip("0")
        digits = len(str(self.amount).rstrip("0"))
        return 0.3 * (digits - 1) + (0.0 if factor == "1" else 0.5 + 0.45 * len(factor))

    def wrong(self, random: Random) -> str:
        right = int(self.answer())
        return str(random.choice((right * 10, near(right, random))))


def _factor(larger: str, smaller: str) -> int:
    """How many of the smaller unit the larger one is; 0 where the two measure different things."""
    for scale in _SCALES:
        if larger in scale and smaller in scale:
            return scale[larger] // scale[smaller]
    return 0


def _draw(random: Random, level: int) -> Conversion:
    scale = random.choice(_SCALES[:2] if level < 2 else _SCALES[2:])
    units = list(scale)
    smaller = random.randrange(len(units) - 1)
    larger = random.randrange(smaller + 1, min(len(units), smaller + 2 + level % 3))
    return Conversion(random.randint(2, (9, 400, 12, 99, 999)[level]), units[larger], units[smaller])


def _read(text: str) -> Conversion | None:
    found = _WORDINGS.read(text)
    if found is None or _factor(found["larger"], found["smaller"]) == 0:
        return None
    return Conversion(int(found["amount"]), found["larger"], found["smaller"])


UNITS = Topic("units", _draw, _read)
