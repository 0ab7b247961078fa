"""Requests and tokens per minute of an LLM, as delays of its starts; each replica keeps to its share of both."""

#: A minute's budget is handed out in pieces of this many seconds.
_BURST_S = 5.0


class Pace:
    """Two leaky buckets, requests and tokens; seconds on any one clock."""

    def __init__(self) -> None:
        self._free_at = {"requests": 0.0, "tokens": 0.0}
        self._paused_until = 0.0

    def delay_s(
        self, now: float, tokens: float, requests_per_minute: float | None, tokens_per_minute: float | None
    ) -> float:
        """Reserve a start with that many tokens, and say how long it must wait; limits of None delay nothing.

        >>> pace = Pace()
        >>> [pace.delay_s(0.0, 100, 12, None) for _ in range(3)]
        [0.0, 5.0, 10.0]
        """
        requests_s = self._reserve("requests", now, 1.0, requests_per_minute)
        tokens_s = self._reserve("tokens", now, tokens, tokens_per_minute)
        return max(requests_s, tokens_s, self._paused_until - now, 0.0)

    def pause(self, until: float) -> None:
        """No start before that time: the endpoint said so."""
        self._paused_until = max(self._paused_until, until)

    def _reserve(self, what: str, now: float, amount: float, per_minute: float | None) -> float:
        if per_minute is None:
            return 0.0
        cost_s = amount * 60 / per_minute
        free_at = max(self._free_at[what], now)
        self._free_at[what] = free_at + cost_s
        return free_at - now - max(_BURST_S - cost_s, 0.0)
