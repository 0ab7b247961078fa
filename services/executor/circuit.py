"""A circuit per LLM: open while its endpoint fails, so that queries go elsewhere at once."""

from dataclasses import dataclass

from services.executor.failures import Failure, Verdict


@dataclass(frozen=True, slots=True)
class CircuitSettings:
    """When to open, and for how long."""

    #: Failures in a row.
    failures: int = 5
    first_s: float = 5.0
    #: Each failed probe doubles the time, up to this.
    longest_s: float = 120.0


class Circuit:
    """Closed, open until a time, or half open: then one call at a time probes. Seconds on any one clock.

    Only the probe, or calls while it is closed, tell anything new: what began before it opened does not count.
    """

    def __init__(self, settings: CircuitSettings) -> None:
        self._settings = settings
        self._failures = 0
        self._opened_at = 0.0
        #: 0 while closed.
        self._open_s = 0.0
        self._probing = False
        #: Why it is open; None while closed.
        self.reason: str | None = None

    def healthy(self, now: float) -> bool:
        """Whether the next call would be let through."""
        return self.reason is None or (now >= self._opened_at + self._open_s and not self._probing)

    def admit(self, now: float) -> Failure | None:
        """None lets a call through, which must then be settled; else what the attempt fails with."""
        if not self.healthy(now):
            return Failure("circuit", f"the LLM is closed ({self.reason}) and will be tried again soon")
        self._probing = self.reason is not None
        return None

    def settle(self, verdict: Verdict, kind: str, began: float, now: float) -> None:
        """Learn from the end of an admitted call that began at `began`; `kind` becomes the reason if it opens."""
        if self.reason is not None and began < self._opened_at:
            return
        self._probing = False
        if verdict is Verdict.FINE:
            self._failures, self._open_s, self.reason = 0, 0.0, None
        elif verdict is not Verdict.NOTHING:
            self._fail(verdict, kind, now)

    def _fail(self, verdict: Verdict, kind: str, now: float) -> None:
        self._failures += 1
        if self.reason is None and verdict is Verdict.FAILING and self._failures < self._settings.failures:
            return
        self._open_s = min(max(self._open_s * 2, self._settings.first_s), self._settings.longest_s)
        self._opened_at, self.reason = now, kind
