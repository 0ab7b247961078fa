"""Transient failures are waited out in place: the record stays unfinished, its lag is seen by the autoscaler.

What nobody foresaw is tried again a few times, and then permanent: one record must not stop its lane for ever.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from shared.errors import TransientError, UnforeseenError
from shared.logs import get
from shared.metrics import Metrics
from shared.stream.containment import contained

T = TypeVar("T")
_log = get(__name__)
_UNFORESEEN_TRIES = 3


def delays_s(first_s: float, longest_s: float) -> Iterator[float]:
    """Doubling delays with jitter, each within half to all of its span, for ever."""
    span_s = first_s
    while True:
        yield span_s * random.uniform(0.5, 1.0)
        span_s = min(longest_s, 2 * span_s)


class Retry:
    """Counts and logs each failure under the topic whose records wait."""

    def __init__(self, metrics: Metrics, longest_s: float = 2.0) -> None:
        self._metrics = metrics
        self._longest_s = longest_s

    async def __call__(
        self, topic: str, call: Callable[[], Awaitable[T]], wanted: Callable[[], bool] = lambda: True
    ) -> T:
        """What `call` returns, once it does.

        Raises its last TransientError when it is `wanted` no longer, its PermanentError at once, and UnforeseenError
        when it fails for the third time with an error that is none of ours.
        """
        unforeseen = 0
        for delay_s in delays_s(0.1, self._longest_s):
            try:
                with contained():
                    return await call()
            except TransientError as error:
                self._metrics.retries.labels(topic).inc()
                _log.warning("transient failure, waiting", topic=topic, error=str(error), delay_s=round(delay_s, 3))
                if not wanted():
                    raise
            except UnforeseenError:
                unforeseen += 1
                if unforeseen == _UNFORESEEN_TRIES:
                    raise
            await asyncio.sleep(delay_s)
        raise AssertionError("delays never end")
