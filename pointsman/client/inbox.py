"""Brings every record that was read to the call that waits for it."""

from asyncio import Queue
from collections.abc import Iterator
from contextlib import contextmanager

from pointsman.client.transcript import Event, Transcript
from shared.content import content_hash
from shared.errors import PermanentError
from shared.logs import get
from shared.messages import Query, Response, ResponseChunk
from shared.stream.records import Record
from shared.topics import RESPONSES

log = get(__name__)


class Pending:
    """One query on its way: what has come of it, ready to be read."""

    def __init__(self, query: Query) -> None:
        self.content = content_hash(query)
        self.events: Queue[Event] = Queue()
        #: Of the query's own record; None until its acknowledgement.
        self.origin: str | None = None
        #: Answers can overtake the acknowledgement.
        self._early: list[Response | ResponseChunk] = []
        self._transcript = Transcript()

    def acknowledge(self, origin: str) -> None:
        self.origin = origin
        for message in self._early:
            self.receive(message)
        self._early.clear()

    def receive(self, message: Response | ResponseChunk) -> None:
        if self.origin is None:
            self._early.append(message)
        elif isinstance(message, ResponseChunk):
            if message.origin == self.origin:
                self._put(self._transcript.add(message))
        elif concerns(message, self.origin):
            self._put(self._transcript.end(message))

    def _put(self, events: list[Event]) -> None:
        for event in events:
            self.events.put_nowait(event)


def concerns(response: Response, origin: str) -> bool:
    """Whether this response ends the query of the record `origin`.

    One of another record does when it belongs to the identity (tenant and id): asked again, a query is answered by
    the response it had. A refusal without a claim ends only its own record (protocol 3).
    """
    if response.origin == origin:
        return True
    reused = response.error is not None and response.error.kind == "id_reused"
    return response.decision_id is not None and not reused


class Inbox:
    """The queries that are waited for, by tenant and id."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[Pending]] = {}

    @contextmanager
    def expect(self, query: Query) -> Iterator[Pending]:
        """Collect what comes for this query until the block is left."""
        key = (query.tenant, query.query_id)
        pending = Pending(query)
        waiting = self._waiting.setdefault(key, [])
        waiting.append(pending)
        try:
            yield pending
        finally:
            waiting.remove(pending)
            if not waiting:
                self._waiting.pop(key, None)

    def receive(self, record: Record) -> None:
        """Take a record of `responses` or `response-chunks`; those of others, and what is neither, are ignored."""
        kind = Response if record.position.topic == RESPONSES.name else ResponseChunk
        try:
            message = kind.decode(record.value)
        except PermanentError as error:
            log.warning("An unreadable record was ignored", position=record.position, error=str(error))
            return
        waiting = self._waiting.get((message.tenant, message.query_id), [])
        owner = next((pending for pending in waiting if pending.origin == message.origin), None)
        for pending in waiting:
            # Under a reused id another content has an outcome of its own.
            if owner is None or pending.content == owner.content:
                pending.receive(message)
