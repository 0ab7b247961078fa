"""An ending that meets the claim of another record of its query, on a real database."""

import time
from collections.abc import AsyncIterator, Sequence

import pytest

from services.decision.closing import Closing
from services.decision.ending import Ending, out_of_time
from services.decision.undecided import first
from shared.content import content_hash
from shared.database.claims import ClaimKey, Claims, ClaimState, Holder
from shared.database.engine import Database
from shared.errors import TransientError
from shared.messages import Accepted, Query, Response
from shared.stream.records import Acknowledgement, Outgoing, Position, Record

ME, OTHER = Holder("decision-0", "boot-1"), Holder("executor-1", "boot-1")
OWED = (Outgoing("responses", b"owed", 0),)
ANSWER_AT = Position("responses", 0, 7)


class Desk:
    """A closing whose records are kept instead of sent."""

    def __init__(self, database: Database) -> None:
        self.claims = Claims(database)
        self.produced: list[Outgoing] = []
        self.closing = Closing(self.claims, self.produce, ME, self.read_at, home_partitions=4)

    async def produce(self, outgoing: Sequence[Outgoing]) -> Sequence[Acknowledgement]:
        self.produced += outgoing
        return [Acknowledgement(Position(one.topic, one.partition or 0, 7), 100.0) for one in outgoing]

    async def read_at(self, position: Position) -> Record | None:
        return Record(position, b"owed", 0.0)

    async def run_elsewhere(self, ending: Ending) -> ClaimKey:
        """Another record of this query is being called."""
        query = ending.undecided.accepted.query
        key = ClaimKey(query.tenant, query.query_id, 1)
        assert await self.claims.take(key, content_hash(query), "other", OTHER) is None
        return key


@pytest.fixture
async def desk(url: str) -> AsyncIterator[Desk]:
    async with Database(url) as database:
        yield Desk(database)


def an_ending(reply_partition: int) -> Ending:
    now = time.time()
    query = Query(query_id=f"q-{reply_partition}", prompt="2 + 2?", reply_partition=reply_partition)
    accepted = Accepted(query=query, origin="0-1", accepted_at=now, vector="", encoder="e", prompt_tokens=5)
    undecided = first(accepted, Record(Position("accepted", 0, 0), b"", now), now, 600)
    return out_of_time(undecided, "mine", now)


async def test_an_ending_waits_for_the_response_of_the_same_query_and_sends_it_where_it_was_asked_to(
    desk: Desk,
) -> None:
    ending = an_ending(reply_partition=3)
    key = await desk.run_elsewhere(ending)

    with pytest.raises(TransientError, match="another record"):
        await desk.closing(ending, ending.undecided.read_at)
    assert desk.produced == []
    await desk.claims.close(key, "other", OTHER, ClaimState.ANSWERED, OWED)
    await desk.closing(ending, ending.undecided.read_at)

    assert [(one.value, one.partition) for one in desk.produced] == [(b"owed", 0), (b"owed", 3)]


async def test_an_ending_waits_no_longer_than_its_deadline(desk: Desk) -> None:
    ending = an_ending(reply_partition=2)
    await desk.run_elsewhere(ending)

    await desk.closing(ending, ending.undecided.deadline)

    refusal = Response.decode(desk.produced[0].value)
    assert (refusal.status, refusal.decision_id, desk.produced[0].partition) == ("refused", None, 2)
