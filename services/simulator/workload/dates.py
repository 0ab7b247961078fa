"""Dates some days before or after another."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from services.simulator.workload.problem import Topic, near
from services.simulator.workload.wordings import Wordings

_WORDINGS = Wordings(
    {"days": "[0-9]{1,4}", "side": "before|after", "day": "[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"},
    "Which date is {days} days {side} {day}?",
    "Give the calendar date that lies {days} days {side} {day}, as YYYY-MM-DD.",
    "A contract is signed on one day and ends {days} days {side} {day}. On which date does it end?",
)


@dataclass(frozen=True, slots=True)
class DateShift:
    """`days` before or after a day, the first 28 of a month."""

    day: date
    days: int
    side: str

    def write(self, random: Random) -> str:
        return _WORDINGS.write(random, days=self.days, side=self.side, day=self.day)

    def answer(self) -> str:
        return self._shifted(self.days)

    def difficulty(self) -> float:
        back = 0.4 if self.side == "before" else 0.0
        return back + min(0.6 * len(str(self.days)) - 0.6 + self.days / 400, 4.0)

    def wrong(self, random: Random) -> str:
        return self._shifted(near(self.days, random))

    def _shifted(self, days: int) -> str:
        return str(self.day + timedelta(days=days if self.side == "after" else -days))


def _draw(random: Random, level: int) -> DateShift:
    day = date(random.randint(1951, 2049), random.randint(1, 12), random.randint(1, 28))
    low, high = ((1, 9), (5, 30), (31, 99), (100, 400), (500, 1200))[level]
    return DateShift(day, random.randint(low, high), random.choice(("before", "after")))


def _read(text: str) -> DateShift | None:
    found = _WORDINGS.read(text)
    if found is None:
        return None
    return DateShift(date.fromisoformat(found["day"]), int(found["days"]), found["side"])


DATES = Topic("dates", _draw, _read)
