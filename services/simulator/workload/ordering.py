"""Who is the second tallest: a chain of comparisons, told in any order."""

import re
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from services.simulator.workload.problem import Topic
from services.simulator.workload.wordings import Wordings

_NAMES = ("Anna", "Ben", "Carla", "David", "Emma", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kofi", "Lena")
_RELATIONS = ("taller", "older", "faster", "heavier", "richer")
_RANKS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
_CLUE = "[A-Z][a-z]+ is (?:{}) than [A-Z][a-z]+[.]".format("|".join(_RELATIONS))
_WORDINGS = Wordings(
    {"clues": rf"{_CLUE}(?: {_CLUE})*", "rank": "|".join(_RANKS)},
    "{clues} Who comes {rank} in that order, counted from the top?",
    "Here is what we know: {clues} Which person is in {rank} place?",
    "Consider these clues. {clues} Put the people into one line, the greatest at the front, and name the {rank}.",
)


@dataclass(frozen=True, slots=True)
class Ordering:
    """Comparisons that make one chain, and the place in it that is asked for, from 0."""

    relation: str
    #: (greater, lesser), in the order they are told.
    pairs: tuple[tuple[str, str], ...]
    rank: int

    def write(self, random: Random) -> str:
        clues = " ".join(f"{greater} is {self.relation} than {lesser}." for greater, lesser in self.pairs)
        return _WORDINGS.write(random, clues=clues, rank=_RANKS[self.rank])

    def answer(self) -> str:
        return _chain(self.pairs)[self.rank]

    def difficulty(self) -> float:
        told_in_order = all(first[1] == second[0] for first, second in pairwise(self.pairs))
        return 0.6 * (len(self.pairs) - 2) + (0.0 if told_in_order else 0.6) + (0.4 if self.rank else 0.0)

    def wrong(self, random: Random) -> str:
        return random.choice([name for name in _chain(self.pairs) if name != self.answer()])


def _chain(pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Everybody from the greatest to the least; shorter than the pairs where they make no single chain."""
    below = dict(pairs)
    tops = [name for name in below if name not in below.values()]
    chain = tops[:1]
    while chain and chain[-1] in below and len(chain) <= len(pairs):
        chain.append(below[chain[-1]])
    return tuple(chain)


def _draw(random: Random, level: int) -> Ordering:
    people = random.sample(_NAMES, k=3 + level)
    pairs = list(pairwise(people))
    if level:
        random.shuffle(pairs)
    return Ordering(random.choice(_RELATIONS), tuple(pairs), random.randrange(len(people)) if level else 0)


def _read(text: str) -> Ordering | None:
    found = _WORDINGS.read(text)
    if found is None:
        return None
    clues = re.findall(r"(\w+) is (\w+) than (\w+)", found["clues"])
    pairs = tuple((greater, lesser) for greater, _, lesser in clues)
    rank = _RANKS.index(found["rank"])
    makes_sense = len(_chain(pairs)) == len(pairs) + 1 and rank <= len(pairs)
    return Ordering(clues[0][1], pairs, rank) if makes_sense else None


ORDERING = Topic("ordering", _draw, _read)
