from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.database.claims import ClaimKey, Claims, ClaimState, Holder
from shared.database.engine import Database
from shared.database.log import (
    count_waiting_feedback,
    explain,
    give_up_feedback,
    record_attempts,
    record_feedback,
    record_receipts,
    settle_feedback,
)
from shared.database.rows import Said
from shared.errors import PermanentError
from shared.messages import Feedback, Receipt
from shared.stream.records import Outgoing, Position
from tests.unit.trainer.samples import ACCEPTED_AT, answered, failed, receipt, started


def said(query_id: str, at: float = ACCEPTED_AT + 10, **word: object) -> Said:
    feedback = Feedback.model_validate({"query_id": query_id, **word})
    return Said(feedback, at, Position("feedback", 2, 40))


async def record(database: Database, *receipts: Receipt) -> None:
    async with database.session() as session:
        await record_receipts(session, receipts)
        await session.commit()


async def say(database: Database, *words: Said) -> None:
    async with database.session() as session:
        await record_feedback(session, words)
        await settle_feedback(session)
        await session.commit()


async def last_word(database: Database, query_id: str) -> Feedback | None:
    async with database.session() as session:
        return (await explain(session, "default", query_id)).feedback


async def rows_of(database: Database, table: str) -> int:
    async with database.session() as session:
        count = await session.scalar(text(f"SELECT count(*) FROM {table}"))
        assert isinstance(count, int)
        return count


async def test_a_query_is_explained_as_it_was_recorded(database: Database) -> None:
    key = ClaimKey("default", "q", 1)
    await record(database, receipt("q", text="why?"), receipt("other"))
    async with database.session() as session:
        await record_attempts(session, [answered("q"), started("q"), failed("other")])
        await session.commit()
    claims = Claims(database)
    await claims.close_unclaimed(
        key, "hash", "decision-1", Holder("executor-1", "boot"), ClaimState.ANSWERED, [Outgoing("responses", b"{}")]
    )
    await say(database, said("q", satisfied=True))

    async with database.session() as session:
        story = await explain(session, "default", "q")
        other = await explain(session, "default", "other")
        unknown = await explain(session, "other tenant", "q")

    assert story.receipts == (receipt("q", text="why?"),)
    assert story.attempts == (started("q"), answered("q"))
    assert [claim.state for claim in story.claims] == [ClaimState.ANSWERED]
    assert story.feedback == Feedback(query_id="q", satisfied=True)
    assert other.attempts == (failed("other"),)
    assert (story.known, unknown.known) == (True, False)


async def test_recording_again_adds_nothing(database: Database) -> None:
    for _ in range(2):
        await record(database, receipt("q"), receipt("q", "decision-2"), receipt("q"))
        async with database.session() as session:
            await record_attempts(session, [started("q"), answered("q"), started("q", "decision-2"), started("q")])
            await session.commit()

    assert (await rows_of(database, "routing_log"), await rows_of(database, "attempts")) == (2, 3)


@pytest.mark.parametrize("late", [False, True])
async def test_feedback_finds_its_query_whichever_comes_first(database: Database, late: bool) -> None:
    if late:
        await record(database, receipt("q"))
        await say(database, said("q", quality=0.25))
    else:
        await say(database, said("q", quality=0.25))
        await record(database, receipt("q"))
        await say(database)

    assert await last_word(database, "q") == Feedback(query_id="q", quality=0.25)
    assert (await rows_of(database, "feedback"), await rows_of(database, "waiting_feedback")) == (1, 0)


async def test_waiting_feedback_is_already_told(database: Database) -> None:
    await say(database, said("q", quality=0.25))

    assert await last_word(database, "q") == Feedback(query_id="q", quality=0.25)


async def test_the_last_word_counts_once_in_whatever_order_words_arrive(database: Database) -> None:
    first = said("q", ACCEPTED_AT + 1, satisfied=False)
    second = said("q", ACCEPTED_AT + 2, quality=0.5)
    third = said("q", ACCEPTED_AT + 3, satisfied=True)
    await record(database, receipt("q"))

    await say(database, third, second)
    await say(database, first)
    await say(database, second)

    assert await last_word(database, "q") == third.feedback
    assert await rows_of(database, "feedback") == 1


async def test_the_last_word_counts_while_it_waits(database: Database) -> None:
    await say(database, said("q", ACCEPTED_AT + 2, satisfied=True))
    await say(database, said("q", ACCEPTED_AT + 1, satisfied=False))
    await record(database, receipt("q"))
    await say(database)

    assert await last_word(database, "q") == Feedback(query_id="q", satisfied=True)


async def test_withdrawn_feedback_says_nothing_of_the_answer(database: Database) -> None:
    await record(database, receipt("q"))
    await say(database, said("q", ACCEPTED_AT + 1, satisfied=True))

    await say(database, said("q", ACCEPTED_AT + 2, withdrawn=True))

    assert await last_word(database, "q") == Feedback(query_id="q", withdrawn=True)
    async with database.session() as session:
        [row] = await session.execute(text("SELECT withdrawn, satisfied, quality FROM feedback"))
    assert tuple(row) == (True, None, None)


async def test_feedback_goes_to_the_newest_query_of_its_id(database: Database) -> None:
    newer = receipt("q").model_copy(update={"accepted_at": ACCEPTED_AT + 5, "decision_id": "decision-2"})
    await record(database, receipt("q"), newer)

    await say(database, said("q", satisfied=True))

    async with database.session() as session:
        [accepted_at] = await session.scalars(text("SELECT extract(epoch FROM accepted_at)::float8 FROM feedback"))
    assert accepted_at == pytest.approx(ACCEPTED_AT + 5)


async def test_feedback_of_another_tenant_finds_nothing(database: Database) -> None:
    await record(database, receipt("q", tenant="other"))

    await say(database, said("q", satisfied=True))

    async with database.session() as session:
        assert await count_waiting_feedback(session) == 1


async def test_what_waited_too_long_is_given_back_as_it_was(database: Database) -> None:
    old, new = said("old", satisfied=False, source="a survey"), said("new", satisfied=True)
    await say(database, old)
    async with database.session() as session:
        await session.execute(text("UPDATE waiting_feedback SET kept_since = now() - interval '61 minutes'"))
        await session.commit()
    await say(database, new)

    async with database.session() as session:
        given_back = await give_up_feedback(session, 3600)
        waiting = await count_waiting_feedback(session)

    assert (given_back, waiting) == ([old], 1)


@pytest.mark.parametrize(
    "poison",
    [
        receipt("q", text="\x00"),
        receipt("q").model_copy(update={"prompt_tokens": 2**40}),
        receipt("q").model_copy(update={"accepted_at": 1e300}),
        receipt("q").model_copy(update={"vector": "not base64"}),
    ],
)
async def test_values_that_postgres_never_takes_are_permanent_errors(database: Database, poison: Receipt) -> None:
    with pytest.raises(PermanentError):
        await record(database, poison)


async def test_months_are_kept_apart(database: Database) -> None:
    query_id = uuid4().hex
    await record(database, receipt(query_id), receipt(query_id).model_copy(update={"accepted_at": 0.0}))

    async with database.session() as session:
        places = set(await session.scalars(text("SELECT tableoid::regclass::text FROM routing_log")))
    assert "routing_log_default" in places
    assert await rows_of(database, "routing_log") == 2
