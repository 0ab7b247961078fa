"""From values to places on the page, and where to put the ticks."""

from dataclasses import dataclass
from math import ceil, floor, log10


@dataclass(frozen=True, slots=True)
class Linear:
    """Values in [low, high], low < high, onto [start, end] in units of the picture."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values within, about as many as asked for.

        >>> Linear(0, 1, 0, 100).ticks(5)
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        step = _round_step((self.high - self.low) / about)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Log:
    """Values above 0 in [low, high] by their logarithm; what is 0 stands at `zero`, left of all others."""

    low: float
    high: float
    start: float
    end: float
    zero: float

    def __call__(self, value: float) -> float:
        if value <= 0:
            return self.zero
        span = log10(self.high) - log10(self.low)
        return self.start + (log10(value) - log10(self.low)) / span * (self.end - self.start)

    def ticks(self, most: int = 7) -> list[float]:
        """1, 2 and 5 times powers of ten, as densely as `most` allows.

        >>> Log(0.9, 120, 0, 100, 0).ticks(), Log(0.9, 120, 0, 100, 0).ticks(4)
        ([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0], [1.0, 10.0, 100.0])
        """
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        for factors in ((1, 2, 5), (1, 3), (1,)):
            found = [float(f"{factor}e{power}") for power in powers for factor in factors]
            within = [tick for tick in found if self.low <= tick <= self.high]
            if len(within) <= most:
                return within
        return within[:: ceil(len(within) / most)]


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def rounded_up(value: float, about: int = 4) -> float:
    """The end of an axis that begins at 0 and holds `value`; 1 when there is nothing to hold.

    >>> rounded_up(8.3), rounded_up(0)
    (10.0, 1.0)
    """
    if value <= 0:
        return 1.0
    step = _round_step(value / about)
    return ceil(value / step - 1e-9) * step
