"""Bills with a discount."""

from dataclasses import dataclass
from random import Random

from services.simulator.workload.problem import Topic, near
from services.simulator.workload.wordings import Wordings

_GOODS = ("mugs", "notebooks", "lamps", "chairs", "tickets", "bottles", "scarves", "plants")
_NUMBER = "[0-9]+"
_WORDINGS = Wordings(
    {"count": _NUMBER, "goods": "[a-z]+", "price": _NUMBER, "percent": _NUMBER},
    "A shop sells {count} {goods} at {price} dollars each and takes {percent} percent off the bill. "
    "How many dollars does the customer pay?",
    "I buy {count} {goods} for {price} dollars apiece, with a discount of {percent} percent on everything. "
    "What do I pay, in dollars and cents?",
    "Work out the total in dollars of an order of {count} {goods}, {price} dollars per piece, less {percent} percent.",
)


@dataclass(frozen=True, slots=True)
class Shopping:
    """`count` pieces at `price` dollars, less `percent`."""

    count: int
    price: int
    percent: int
    goods: str

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, count=self.count, goods=self.goods, price=self.price, percent=self.percent)

    def answer(self) -> str:
        return _dollars(self._cents())

    def difficulty(self) -> float:
        round_discount = 0.0 if self.percent % 10 == 0 else 0.8 if self.percent % 5 == 0 else 1.6
        return round_discount + 0.45 * (len(str(self.count)) + len(str(self.price)) - 2)

    def wrong(self, random: Random) -> str:
        undiscounted = self.count * self.price * 100
        return random.choice((_dollars(undiscounted), _dollars(abs(near(self._cents() // 100, random)) * 100 + 1)))

    def _cents(self) -> int:
        return self.count * self.price * (100 - self.percent)


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _draw(random: Random, level: int) -> Shopping:
    percents = ((10, 50), (10, 20, 30), (5, 15, 25), (7, 12, 18), (3, 13, 37))[level]
    count = random.randint(2, (9, 12, 40, 90, 400)[level])
    return Shopping(
        count, random.randint(2, (9, 20, 60, 200, 900)[level]), random.choice(percents), random.choice(_GOODS)
    )


def _read(text: str) -> Shopping | None:
    found = _WORDINGS.read(text)
    if found is None:
        return None
    return Shopping(int(found["count"]), int(found["price"]), int(found["percent"]), found["goods"])


SHOPPING = Topic("shopping", _draw, _read)
