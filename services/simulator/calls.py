"""Which calls each LLM was paid for, so that a test can count them; bounded."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from time import time

#: Calls kept, all LLMs together; the counts go on.
KEPT = 50_000


@dataclass(slots=True)
class Call:
    """One call that an LLM worked on; times in seconds since the epoch."""

    id: str
    llm: str
    prompt_hash: str
    #: The request's `user`, else its header `x-client-request-id`; None where neither was given.
    user: str | None
    started_at: float
    ended_at: float | None = None
    #: The whole answer was handed to the network.
    completed: bool = False


class Calls:
    """Counts and the latest calls."""

    def __init__(self, kept: int = KEPT) -> None:
        self._numbers = count(1)
        self._latest: deque[Call] = deque(maxlen=kept)
        self.paid: Counter[str] = Counter()
        #: By LLM and error code: calls refused before any work.
        self.refused: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def paid_call(self, llm: str, prompt_hash: str, user: str | None) -> Iterator[Call]:
        """Count a call from here to the end of the block, however it ends."""
        call = Call(f"chatcmpl-{next(self._numbers)}", llm, prompt_hash, user, time())
        self.paid[llm] += 1
        self._latest.append(call)
        try:
            yield call
        finally:
            call.ended_at = time()

    def latest(self, llm: str) -> list[Call]:
        """The calls of an LLM that are still kept, oldest first."""
        return [call for call in self._latest if call.llm == llm]
