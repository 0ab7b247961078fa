"""Ends attempts under their claim (protocol 3).

The only module here that needs the database; late_closing.py imports it when the first query ends here.
"""

from collections.abc import Awaitable, Callable, Sequence

from services.decision.ending import Ending, outgoing, unclaimed
from shared.content import content_hash
from shared.database.claims import Claim, ClaimKey, Claims, ClaimState, Holder
from shared.errors import TransientError
from shared.stream.handlers import Produce
from shared.stream.records import Outgoing, Position, Record
from shared.topics import RESPONSES

#: The record at a position; None when it is gone. Raises TransientError.
ReadAt = Callable[[Position], Awaitable[Record | None]]


class Closing:
    """Closes the attempt of an ending and produces what the closed claim owes; safe to repeat."""

    def __init__(self, claims: Claims, produce: Produce, holder: Holder, read_at: ReadAt, home_partitions: int) -> None:
        self._claims = claims
        self._produce = produce
        self._holder = holder
        self._read_at = read_at
        self._home_partitions = home_partitions

    async def __call__(self, ending: Ending, now: float) -> None:
        """Return when the query's outcome is durable, here or under the claim that was met.

        Raises TransientError while the database or the broker is away, or another record of the query is answered.
        """
        query = ending.undecided.accepted.query
        key = ClaimKey(query.tenant, query.query_id, ending.undecided.attempt)
        state = ClaimState.REFUSED if ending.response.status == "refused" else ClaimState.FAILED
        outbox = (ending.outgoing(self._home_partitions),)
        met = await self._claims.close_unclaimed(
            key, content_hash(query), ending.decision_id, self._holder, state, outbox
        )
        if met is None:
            await self._empty(key, outbox)
        else:
            await self._yield_to(met, ending, now)

    async def _yield_to(self, met: Claim, ending: Ending, now: float) -> None:
        """Somebody claimed this attempt before: its outcome is the query's, unless it is another query's."""
        if met.outbox:
            await self._empty(met.key, met.outbox)
        if met.decision_id == ending.decision_id:
            return
        query = ending.undecided.accepted.query
        if met.content_hash != content_hash(query):
            await self._refuse(ending, "id_reused", "this query_id was used for another query; take a new one", now)
        else:
            await self._repeat(ending, now)

    async def _repeat(self, ending: Ending, now: float) -> None:
        """The same query was sent twice: its response is owed again; while there is none, TransientError."""
        query = ending.undecided.accepted.query
        closed = await self._claims.response_of(query.tenant, query.query_id)
        if closed is None:
            await self._carry_on(ending, now)
            return
        at = await self._empty(closed.key, closed.outbox) if closed.outbox else closed.response_at
        response = None if at is None else await self._read_at(at)
        if response is None:
            await self._refuse(
                ending, "expired", "this query was answered, and its response is gone; take a new id", now
            )
            return
        owed = outgoing(ending.undecided, response.value, self._home_partitions)
        since = ending.undecided.accepted.accepted_at
        # Whoever sent this record listens since before it was appended.
        if response.position.partition != owed.partition or response.appended_at < since:
            await self._produce([owed])

    async def _carry_on(self, ending: Ending, now: float) -> None:
        """Another record of this query is being answered, perhaps to where nobody listens who sent this one."""
        if now < ending.undecided.deadline:
            raise TransientError("another record of this query is being answered, its response is owed to this one too")
        await self._refuse(ending, "deadline", "no answer in time to the same query that was sent before", now)

    async def _refuse(self, ending: Ending, kind: str, message: str, now: float) -> None:
        response = unclaimed(ending.undecided, kind, message, now)
        await self._produce([outgoing(ending.undecided, response.encode(), self._home_partitions)])

    async def _empty(self, key: ClaimKey, outbox: Sequence[Outgoing]) -> Position | None:
        """Where the response lies now, if the outbox had one."""
        acknowledged = await self._produce(outbox)
        at = next((one.position for one in acknowledged if one.position.topic == RESPONSES.name), None)
        await self._claims.emptied(key, at)
        return at
