"""The next number of a sequence."""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

from services.simulator.workload.problem import Topic, near
from services.simulator.workload.wordings import Wordings

_WORDINGS = Wordings(
    {"numbers": "[0-9]+(?:, [0-9]+){4,}"},
    "Which number comes next: {numbers}, ... ?",
    "Find the rule of the sequence {numbers} and give its next member.",
    "Somebody wrote down {numbers} and then stopped. How would it continue? Give one number.",
)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Members of a sequence with constant steps, ratios or second differences, or of sums of the last two."""

    numbers: tuple[int, ...]

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, numbers=", ".join(map(str, self.numbers)))

    def answer(self) -> str:
        return str(_next(self.numbers)[0])

    def difficulty(self) -> float:
        return _next(self.numbers)[1] + 0.25 * (len(str(self.numbers[-1])) - 2)

    def wrong(self, random: Random) -> str:
        following, _ = _next(self.numbers)
        return str(near(following, random))


def _next(numbers: tuple[int, ...]) -> tuple[int, float]:
    """The next member by the easiest rule that fits, and how hard that rule is to see."""
    last = numbers[-1]
    steps = [after - before for before, after in pairwise(numbers)]
    if len(set(steps)) == 1:
        return last + steps[0], 0.3
    ratio = numbers[1] // max(numbers[0], 1)
    if all(after == before * ratio for before, after in pairwise(numbers)):
        return last * ratio, 1.2
    bends = {after - before for before, after in pairwise(steps)}
    if len(bends) == 1:
        return last + steps[-1] + bends.pop(), 2.2
    if all(numbers[n] == numbers[n - 1] + numbers[n - 2] for n in range(2, len(numbers))):
        return last + numbers[-2], 2.8
    return last + steps[-2], 3.8


def _draw(random: Random, level: int) -> Sequence:
    start, step = random.randint(1, 9), random.randint(2, 9)
    if level == 0:
        return Sequence(tuple(start + n * step for n in range(5)))
    if level == 1:
        return Sequence(tuple(start * (2 + step % 3) ** n for n in range(5)))
    if level == 2:
        return Sequence(tuple(start + step * n + (1 + step % 4) * n * n for n in range(6)))
    numbers = [start, start + step]
    for n in range(2, 7):
        numbers.append(numbers[-1] + (numbers[-2] if level == 3 else (step, step + 5)[n % 2]))
    return Sequence(tuple(numbers))


def _read(text: str) -> Sequence | None:
    found = _WORDINGS.read(text)
    return None if found is None else Sequence(tuple(int(number) for number in found["numbers"].split(", ")))


SEQUENCES = Topic("sequences", _draw, _read)
