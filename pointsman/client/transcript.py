"""The text of a streamed answer as it grows: in order, each piece once, one attempt at a time."""

from dataclasses import dataclass, field

from shared.messages import Response, ResponseChunk


@dataclass(frozen=True, slots=True)
class Text:
    """More of the answer; follows what came before."""

    text: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Another attempt answers: all text so far is void."""

    attempt: int | None


#: What a stream consists of: pieces, and the response as its last.
Event = Text | Restart | Response


@dataclass(slots=True)
class Transcript:
    """What a reader was shown so far."""

    text: str = ""
    _attempt: int = 0
    _next_seq: int = 0
    _held: dict[int, str] = field(default_factory=dict)

    def add(self, chunk: ResponseChunk) -> list[Event]:
        """Return what a reader may see now; pieces that came too early are held, others' and repeated ones dropped.

        >>> chunk = ResponseChunk(query_id="q", tenant="t", origin="0-0", attempt=1, seq=0, text="Hi")
        >>> Transcript().add(chunk)
        [Text(text='Hi')]
        """
        if chunk.attempt < self._attempt or (chunk.attempt == self._attempt and chunk.seq < self._next_seq):
            return []
        events: list[Event] = []
        if chunk.attempt > self._attempt:
            events = self._restart(chunk.attempt)
        self._held.setdefault(chunk.seq, chunk.text)
        while (text := self._held.pop(self._next_seq, None)) is not None:
            self._next_seq += 1
            events += self._show(text)
        return events

    def end(self, response: Response) -> list[Event]:
        """Return what is missing to the response's text, and the response."""
        answer = response.text or ""
        if response.status != "answered":
            return [response]
        if answer.startswith(self.text):
            return [*self._show(answer[len(self.text) :]), response]
        return [*self._restart(response.attempt), *self._show(answer), response]

    def _restart(self, attempt: int | None) -> list[Event]:
        shown = self.text
        self.text, self._next_seq = "", 0
        self._attempt = self._attempt if attempt is None else attempt
        self._held.clear()
        return [Restart(attempt)] if shown else []

    def _show(self, text: str) -> list[Event]:
        self.text += text
        return [Text(text)] if text else []
