"""What a small Python program prints."""

from dataclasses import dataclass
from random import Random

from services.simulator.workload.problem import Topic, near
from services.simulator.workload.wordings import Wordings

_NUMBER = "[0-9]{1,4}"
_PROGRAM = """x = {start}
for step in range({turns}):
    x = (x * {times} + {plus} * step) % {modulus}
print(x)"""
_WORDINGS = Wordings(
    {"start": _NUMBER, "turns": "[0-9]{1,2}", "times": _NUMBER, "plus": _NUMBER, "modulus": "[1-9][0-9]{0,3}"},
    f"What does this Python program print?\n\n{_PROGRAM}\n",
    f"Trace the code below by hand and tell me its output.\n\n{_PROGRAM}\n",
    f"I ran the following script. Which number appeared on the screen?\n\n{_PROGRAM}\n",
)


@dataclass(frozen=True, slots=True)
class Tracing:
    """A loop of `turns` steps of x = (x * times + plus * step) % modulus."""

    start: int
    turns: int
    times: int
    plus: int
    modulus: int

    def write(self, random: Random) -> str:
        return _WORDINGS.write(
            random, start=self.start, turns=self.turns, times=self.times, plus=self.plus, modulus=self.modulus
        )

    def answer(self) -> str:
        return str(self._value())

    def difficulty(self) -> float:
        return min(0.3 * self.turns + 0.5 * (len(str(self.modulus)) - 1), 4.5)

    def wrong(self, random: Random) -> str:
        return str(abs(near(self._value() + self.modulus, random)))

    def _value(self) -> int:
        x = self.start
        for step in range(self.turns):
            x = (x * self.times + self.plus * step) % self.modulus
        return x


def _draw(random: Random, level: int) -> Tracing:
    return Tracing(
        start=random.randint(1, 9),
        turns=random.randint(1 + 2 * level, 2 + 2 * level),
        times=random.randint(2, 5),
        plus=random.randint(1, 9),
        modulus=random.randint(7, 9)
        if level == 0
        else random.randint(11, 99)
        if level < 4
        else random.randint(101, 999),
    )


def _read(text: str) -> Tracing | None:
    found = _WORDINGS.read(text)
    return None if found is None else Tracing(**{name: int(number) for name, number in found.items()})


TRACING = Topic("tracing", _draw, _read)
