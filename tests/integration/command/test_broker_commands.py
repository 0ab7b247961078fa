from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.database import registry
from shared.database.claims import ClaimKey, Claims, ClaimState, Holder
from shared.database.engine import Database
from shared.database.log import record_receipts
from shared.database.partitions import ensure_partitions
from shared.messages import Llm, Query, Receipt
from shared.stream.admin import create_topics
from shared.stream.clock import BrokerClock
from shared.stream.headers import Death
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Position
from shared.stream.snapshot import snapshot
from shared.stream.survey import survey
from shared.topics import QUERIES, RESPONSES, Topic, dead, lasting
from tests.integration.command.conftest import HOME_PARTITIONS, Command
from tests.unit.command.receipts import candidate, receipt


@pytest.fixture
async def producer(kafka: str) -> Producer:
    await create_topics(kafka, lasting(), HOME_PARTITIONS)
    return Producer(kafka, BrokerClock())


async def test_a_snapshot_holds_what_the_topic_holds(kafka: str, producer: Producer) -> None:
    topic = f"snapshot-{uuid4().hex}"
    await create_topics(kafka, [Topic(topic, 3, 3600, (), "Query")], HOME_PARTITIONS)
    first = await producer([Outgoing(topic, str(number).encode(), number % 3) for number in range(50)])
    await producer([Outgoing(topic, b"later", 1)])
    await producer.stop()

    values = [record.value for record in await snapshot(kafka, topic)]

    assert sorted(values[:-1], key=int) == [str(number).encode() for number in range(50)]
    assert values[-1] == b"later"
    last = max(one.appended_at or 0.0 for one in first)
    assert [one.value for one in await snapshot(kafka, topic, since=last + 0.001)] in ([b"later"], [])


async def test_a_snapshot_of_no_topic_is_empty(kafka: str) -> None:
    assert await snapshot(kafka, f"none-{uuid4().hex}") == []


async def test_the_survey_finds_topics_as_they_were_created(kafka: str, producer: Producer) -> None:
    await producer.stop()

    found = {one.name: one for one in await survey(kafka)}

    assert found[RESPONSES.name].partitions == HOME_PARTITIONS
    assert found[RESPONSES.name].retention_s == RESPONSES.retention_s
    assert found[RESPONSES.name].broker_time
    assert found["llms"].retention_s is None


async def test_dead_letters_are_listed_and_replayed(kafka: str, producer: Producer, command: Command) -> None:
    query = Query(query_id=f"dead-{uuid4().hex}", prompt="Two words?")
    death = Death(Position(QUERIES.name, 2, 17), "PermanentError", "no", 1, "embedder-1")
    [at] = await producer([Outgoing(dead(QUERIES).name, query.encode(), 2, headers=death.headers())])
    await producer.stop()
    letter = f"2-{at.position.offset}"

    listed = await command("dead", "list", "queries")
    replayed = await command("dead", "replay", "queries", "--offset", letter)

    assert [one["message"] for one in listed if one["letter"] == letter] == ["no"]
    assert replayed == [{"letter": letter, "query_id": None}]
    assert query.encode() in [one.value for one in await snapshot(kafka, QUERIES.name)]


async def test_an_answered_query_is_replayed_under_a_new_id(
    kafka: str, database: str, producer: Producer, command: Command
) -> None:
    query = Query(query_id=f"dead-{uuid4().hex}", prompt="Two words?")
    await _answer(database, query)
    death = Death(Position(QUERIES.name, 1, 17), "PermanentError", "no", 1, "embedder-1")
    [at] = await producer([Outgoing(dead(QUERIES).name, query.encode(), 1, headers=death.headers())])
    await producer.stop()

    [replayed] = await command("dead", "replay", "queries", "--offset", f"1-{at.position.offset}")

    again = [Query.decode(one.value) for one in await snapshot(kafka, QUERIES.name)]
    assert replayed["query_id"] != query.query_id
    assert query.model_copy(update={"query_id": replayed["query_id"]}) in again


async def test_a_letter_that_is_not_there_is_bad_input(producer: Producer, failing: Command) -> None:
    await producer.stop()

    assert await failing("dead", "replay", "queries", "--offset", "0-999999") == 2


async def test_the_topics_of_a_fleet_have_no_problems(producer: Producer, command: Command) -> None:
    await producer.stop()

    shown = await command("topics")

    assert shown["problems"] == {}
    assert "queries" in [one["name"] for one in shown["topics"]]


async def test_llms_are_listed_and_removed(kafka: str, database: str, producer: Producer, command: Command) -> None:
    await producer.stop()
    llm = Llm(
        name=f"llm-{uuid4().hex}",
        base_url="http://localhost:1/v1",
        model="m",
        usd_per_mtok_input=1,
        usd_per_mtok_output=2,
        context_tokens=8192,
    )
    await _register(database, llm)

    before = await command("llms", "list")
    removed = await command("llms", "remove", llm.name)
    after = await command("llms", "list")

    assert llm.name in [one["name"] for one in before]
    assert removed["llm"]["removed"]
    assert llm.name not in [one["name"] for one in after]
    assert llm.name in [one.name for one in (Llm.decode(r.value) for r in await snapshot(kafka, "llms")) if one.removed]


async def test_removing_an_unknown_llm_is_bad_input(producer: Producer, failing: Command) -> None:
    await producer.stop()

    assert await failing("llms", "remove", "nobody") == 2


async def test_a_decision_is_explained(database: str, producer: Producer, command: Command) -> None:
    await producer.stop()
    decided = receipt("small", candidate("small", score=0.5), candidate("large", score=0.4), query_id=uuid4().hex)
    await _record(database, decided)

    shown = await command("explain", decided.query_id)

    assert [one["llm"] for one in shown["decisions"]] == ["small"]
    assert shown["outcome"] == "decided, not called yet"


async def _answer(url: str, query: Query) -> None:
    database = Database(url)
    claims, holder = Claims(database), Holder("executor-1", "boot")
    key = ClaimKey(query.tenant, query.query_id, 1)
    await claims.take(key, "hash", "d", holder)
    response = Outgoing(RESPONSES.name, b"{}", 0)
    await claims.close(key, "d", holder, ClaimState.ANSWERED, [response])
    await claims.emptied(key, Position(RESPONSES.name, 0, 1))
    await database.close()


async def _register(url: str, llm: Llm) -> None:
    database = Database(url)
    async with database.session() as session:
        await registry.add_llm(session, llm)
        await session.commit()
    await database.close()


async def _record(url: str, decided: Receipt) -> None:
    database = Database(url)
    async with database.session() as session:
        await ensure_partitions(session, datetime.fromtimestamp(decided.accepted_at, UTC))
        await record_receipts(session, [decided])
        await session.commit()
    await database.close()
