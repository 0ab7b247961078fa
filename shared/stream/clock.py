"""The broker's clock, which all deadlines are in: learned from acknowledgements."""

import time
from collections.abc import Callable
from math import inf

#: The broker cuts its append times to milliseconds.
_RESOLUTION_S = 0.001


class BrokerClock:
    """Broker time as this process knows it; its own clock until the first acknowledgement.

    A record was appended between sending it and hearing of it, which bounds the distance of the two clocks from both
    sides. Bounds narrow each other until one contradicts the others, as it will when either clock is set or drifts.

    >>> clock = BrokerClock(local=lambda: 100.0)
    >>> clock.learn(appended_at=105.0, sent_at=99.0, received_at=99.001)
    >>> round(clock.now(), 3)
    106.0
    """

    def __init__(self, local: Callable[[], float] = time.time) -> None:
        self.local = local
        #: Broker clock minus this process's, seconds.
        self.offset_s = 0.0
        self._low, self._high = -inf, inf

    def now(self) -> float:
        """Seconds since the epoch on the broker's clock."""
        return self.local() + self.offset_s

    def learn(self, appended_at: float, sent_at: float, received_at: float) -> None:
        """Take in one acknowledgement; `sent_at` and `received_at` are on the local clock."""
        low, high = appended_at - received_at, appended_at + _RESOLUTION_S - sent_at
        self._low, self._high = max(low, self._low), min(high, self._high)
        if self._low > self._high:
            self._low, self._high = low, high
        self.offset_s = (self._low + self._high) / 2
