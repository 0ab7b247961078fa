"""Sums and products of whole numbers."""

from dataclasses import dataclass
from math import prod
from random import Random

from services.simulator.workload.problem import Topic, near
from services.simulator.workload.wordings import Wordings

_WORDINGS = Wordings(
    {"expression": r"[0-9]+(?: [+*-] [0-9]+)+"},
    "What is {expression}?",
    "Compute {expression} and give the result as a whole number.",
    "Please evaluate the expression {expression} with the usual precedence.",
    "My calculator is broken. Could you work out {expression} for me?",
)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """An expression of +, - and *, e.g. `3 + 4 * 5`."""

    expression: str

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, expression=self.expression)

    def answer(self) -> str:
        return str(self._value())

    def difficulty(self) -> float:
        signs = self.expression.count(" ") / 2
        digits = sum(character.isdigit() for character in self.expression)
        return 0.2 * (signs - 1) + 0.4 * self.expression.count("*") + 0.13 * (digits - 2)

    def wrong(self, random: Random) -> str:
        return str(near(self._value(), random))

    def _value(self) -> int:
        terms = self.expression.replace("- ", "+ -").split("+")
        return sum(prod(int(factor) for factor in term.split("*")) for term in terms)


def _draw(random: Random, level: int) -> Arithmetic:
    low, high = ((1, 9), (3, 40), (11, 99), (11, 400), (101, 999))[level]
    numbers = [str(random.randint(low, high)) for _ in range(2 + (level + 1) // 2)]
    signs = random.sample(("*", "*", "+", "-"), k=len(numbers) - 1) if level else ["+"]
    return Arithmetic(
        numbers[0] + "".join(f" {sign} {number}" for sign, number in zip(signs, numbers[1:], strict=True))
    )


def _read(text: str) -> Arithmetic | None:
    found = _WORDINGS.read(text)
    return None if found is None else Arithmetic(found["expression"])


ARITHMETIC = Topic("arithmetic", _draw, _read)
