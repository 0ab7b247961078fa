"""The broker's clock, which all deadlines are in: learned from acknowledgements."""

import time
from collections.abc import Callable

#: The broker cuts its append times to milliseconds.
_RESOLUTION_S = 0.001


class BrokerClock:
    """Broker time as this process knows it; its own clock until the first acknowledgement.

    A record was appended between sending it and hearing of it, which bounds the distance of the two clocks. The
    tightest bound holds until another contradicts it, as it will when either clock is set or drifts.

    >>> clock = BrokerClock(local=lambda: 100.0)
    >>> clock.learn(appended_at=105.0, sent_at=99.0, received_at=99.001)
    >>> round(clock.now(), 3)
    106.0
    """

    def __init__(self, local: Callable[[], float] = time.time) -> None:
        self.local = local
        #: Broker clock minus this process's, seconds.
        self.offset_s = 0.0
        self._width_s = float("inf")

    def now(self) -> float:
        """Seconds since the epoch on the broker's clock."""
        return self.local() + self.offset_s

    def learn(self, appended_at: float, sent_at: float, received_at: float) -> None:
        """Take in one acknowledgement; `sent_at` and `received_at` are on the local clock."""
        low, high = appended_at - received_at, appended_at + _RESOLUTION_S - sent_at
        contradicted = not low <= self.offset_s <= high
        if contradicted or high - low < self._width_s:
            self.offset_s, self._width_s = (low + high) / 2, high - low
