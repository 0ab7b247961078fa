"""How long each LLM's prediction is waited for (protocol 4)."""

from collections import deque
from dataclasses import dataclass, field
from math import ceil

#: Seconds; at most this, however late an LLM is as a rule.
LONGEST_S = 0.25
#: Seconds; at least this, as a prediction may lie in the next fetch.
SHORTEST_S = 0.02
_RECENT = 200
#: Arrivals from one computation of the percentile to the next.
_EVERY = 10
_MISSES = 5
_AGE_SHARE = 0.1
_AGED_LONGEST_S = 10.0


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank).

    >>> percentile([3.0, 1.0, 2.0, 4.0], 0.5)
    2.0
    """
    return sorted(values)[max(ceil(share * len(values)), 1) - 1]


@dataclass(slots=True)
class _Lateness:
    """One LLM's recent lateness, seconds after its query was read; 0 when it was there before."""

    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    arrivals: int = 0
    missed: int = 0
    #: min(250 ms, 3 p99), as of the last time it was computed.
    usual_s: float = LONGEST_S

    def add(self, lateness_s: float) -> None:
        self.recent.append(lateness_s)
        self.arrivals += 1
        if self.arrivals % _EVERY == 0:
            p99 = percentile(list(self.recent), 0.99)
            self.usual_s = min(LONGEST_S, max(SHORTEST_S, 3 * p99))


class Patience:
    """Learns from each prediction how late an LLM's predictions are."""

    def __init__(self) -> None:
        self._lateness: dict[str, _Lateness] = {}

    def awaited_s(self, llm: str, age_s: float) -> float | None:
        """Seconds to wait for it from when a query of that age was read; None when it is not awaited.

        The longer of min(250 ms, 3 p99 of its lateness) and a tenth of the query's age, up to 10 s: after an outage
        a backlog must not be decided on priors. An LLM that missed its last 5 is not awaited.
        """
        lateness = self._lateness.get(llm)
        if lateness is None:
            return max(LONGEST_S, _aged_s(age_s))
        return None if lateness.missed >= _MISSES else max(lateness.usual_s, _aged_s(age_s))

    def arrived(self, llm: str, lateness_s: float, *, in_time: bool) -> None:
        """A prediction came, before the decision or soon enough to have been waited for, or after that."""
        lateness = self._lateness.setdefault(llm, _Lateness())
        if in_time or lateness_s <= LONGEST_S:
            lateness.missed = 0
        lateness.add(lateness_s)

    def missed(self, llm: str) -> None:
        """It was awaited, and the decision was taken without it."""
        self._lateness.setdefault(llm, _Lateness()).missed += 1


def _aged_s(age_s: float) -> float:
    return min(_AGED_LONGEST_S, _AGE_SHARE * max(age_s, 0.0))
