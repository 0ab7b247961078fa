"""The trainer as a process, on a real broker and a real Postgres."""

import asyncio
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from pointsman.local.kafka import Kafka
from pointsman.local.postgres import Postgres
from pointsman.local.process import Child
from shared.database.engine import Database
from shared.database.log import explain
from shared.database.migrate import migrate
from shared.database.registry import add_llm, add_model, remove_llm
from shared.messages import Feedback, Llm, Message, Model
from shared.stream.admin import create_topics
from shared.stream.clock import BrokerClock
from shared.stream.headers import Death
from shared.stream.producer import Producer
from shared.stream.records import Outgoing
from shared.stream.snapshot import snapshot
from shared.topics import lasting
from tests.integration.trainer.fleet import Fleet, eventually
from tests.unit.trainer.samples import answered, receipt, started

LLM = Llm(
    name="small",
    base_url="http://localhost:1",
    model="m",
    usd_per_mtok_input=1,
    usd_per_mtok_output=2,
    context_tokens=1000,
)


def records_of(query_id: str, partition: int) -> list[Outgoing]:
    """A query's whole story; its feedback comes first, as it may."""
    story: list[tuple[str, Message]] = [
        ("feedback", Feedback(query_id=query_id, satisfied=False)),
        ("attempts", started(query_id)),
        ("decisions", receipt(query_id, text="a secret question")),
        ("attempts", answered(query_id)),
        ("feedback", Feedback(query_id=query_id, quality=0.5)),
    ]
    return [Outgoing(topic, message.encode(), partition) for topic, message in story]


async def produce(fleet: Fleet, query_ids: list[str]) -> None:
    await fleet.producer(
        [record for n, query_id in enumerate(query_ids) for record in records_of(query_id, n % fleet.home_partitions)]
    )


async def rows(database: Database, query_ids: list[str]) -> tuple[int, ...]:
    """How many rows there are of these queries: receipts, attempts, settled feedback, waiting feedback."""
    counts = []
    async with database.session() as session:
        for table in ("routing_log", "attempts", "feedback", "waiting_feedback"):
            statement = text(f"SELECT count(*) FROM {table} WHERE query_id = ANY(:ids)")
            counts.append(await session.scalar(statement, {"ids": query_ids}))
    return tuple(counts)


def new_ids(count: int) -> list[str]:
    run = uuid4().hex
    return [f"{run}-{number}" for number in range(count)]


async def test_every_record_is_one_row_and_texts_are_not_stored(fleet: Fleet) -> None:
    [query_id] = ids = new_ids(1)
    await fleet.trainer()

    await produce(fleet, ids)
    await produce(fleet, ids)
    await eventually(lambda: _complete(fleet.database, ids))

    async with fleet.database.session() as session:
        story = await explain(session, "default", query_id)
    assert story.receipts == (receipt(query_id),)
    assert story.attempts == (started(query_id), answered(query_id))
    assert story.feedback == Feedback(query_id=query_id, quality=0.5)


async def test_killed_in_the_middle_it_records_every_row_once(fleet: Fleet) -> None:
    ids = new_ids(400)
    trainer = await fleet.trainer(record_batch="20")
    for start in range(0, 400, 50):
        await produce(fleet, ids[start : start + 50])
        if start == 200:
            await eventually(lambda: _begun(fleet.database, ids))
            trainer.kill()
    assert await rows(fleet.database, ids) != (400, 800, 400, 0)

    await fleet.trainer()
    await eventually(lambda: _complete(fleet.database, ids))


async def test_two_trainers_share_the_work_and_one_leaves_in_the_middle(fleet: Fleet) -> None:
    ids = new_ids(300)
    await fleet.trainer(record_batch="10")
    leaving = await fleet.trainer(record_batch="10")
    await produce(fleet, ids[:200])
    await eventually(lambda: _begun(fleet.database, ids))

    await leaving.stop()
    await produce(fleet, ids[200:])

    assert await leaving.ended() == 0
    await eventually(lambda: _complete(fleet.database, ids))


async def test_poison_is_dead_lettered_and_the_rest_recorded(fleet: Fleet) -> None:
    [before, after] = ids = new_ids(2)
    nul = receipt(f"{before}-nul", text="\x00")
    poison = [
        Outgoing("decisions", b"\xff not JSON", 1, key=b"key", headers={"traceparent": b"00-1"}),
        Outgoing("attempts", b"{}", 1),
        Outgoing("feedback", Feedback(query_id=before, quality=1).encode().replace(b"1.0", b"1.5"), 1),
        Outgoing("decisions", nul.encode(), 1),
        Outgoing("attempts", started(f"{before}-far").model_copy(update={"accepted_at": 1e300}).encode(), 1),
    ]
    await fleet.trainer(store_text="true")

    sent = await fleet.producer([*records_of(before, 1), *poison, *records_of(after, 1)])
    await eventually(lambda: _complete(fleet.database, ids))

    positions = [acknowledgement.position for acknowledgement in sent[5:10]]
    buried = {}
    for topic in ("decisions", "attempts", "feedback"):
        for record in await snapshot(fleet.kafka, f"{topic}.dead"):
            death = Death.of(record.headers)
            buried[death.position] = (record.value, record.position.partition, death.error)
    assert [buried[position] for position in positions] == [(one.value, 1, "PermanentError") for one in poison]


async def test_without_postgres_for_a_while_nothing_is_lost_and_it_still_stops(fleet: Fleet, tmp_path: Path) -> None:
    ids = new_ids(60)
    server = Postgres.at(tmp_path / "postgres")
    postgres = Child(server.program(), tmp_path / "postgres.log")
    database = Database(server.url)
    postgres.start()
    try:
        await postgres.until_ready(60)
        await migrate(server.url)
        trainer = await fleet.trainer(postgres=server.url)
        await produce(fleet, ids[:20])
        await eventually(lambda: _complete(database, ids[:20]))

        await postgres.stop()
        await produce(fleet, ids[20:40])
        await eventually(lambda: _waited(fleet.folder, 1))
        postgres.start()
        await postgres.until_ready(60)
        await produce(fleet, ids[40:])
        await eventually(lambda: _complete(database, ids))

        await postgres.stop()
        before = await _waits(fleet.folder)
        await produce(fleet, new_ids(1))
        await eventually(lambda: _waited(fleet.folder, before + 1))
        await trainer.stop()
        assert await trainer.ended() == 0
    finally:
        await database.close()
        await postgres.stop()


async def test_without_kafka_for_a_while_nothing_is_lost_and_it_still_stops(url: str, tmp_path: Path) -> None:
    ids = new_ids(40)
    server = Kafka.at(tmp_path / "kafka")
    kafka = Child(server.program(), tmp_path / "kafka.log")
    producer, database = Producer(server.address, BrokerClock()), Database(url)
    fleet = Fleet(server.address, url, 4, tmp_path, producer, database)
    kafka.start()
    try:
        await kafka.until_ready(60)
        await create_topics(server.address, lasting(), 4)
        trainer = await fleet.trainer()
        await produce(fleet, ids[:20])
        await eventually(lambda: _complete(database, ids[:20]))

        kafka.kill()
        await asyncio.sleep(15)
        kafka.start()
        await kafka.until_ready(60)
        await produce(fleet, ids[20:])
        await eventually(lambda: _complete(database, ids), 120)

        kafka.kill()
        await trainer.stop()
        assert await trainer.ended() == 0
    finally:
        await fleet.close()
        await producer.stop()
        await database.close()
        await kafka.stop()


async def test_feedback_on_an_unknown_query_becomes_a_dead_letter(fleet: Fleet) -> None:
    [query_id] = new_ids(1)
    await fleet.trainer(feedback_wait_s="1")
    feedback = Feedback(query_id=query_id, satisfied=True)

    [sent] = await fleet.producer([Outgoing("feedback", feedback.encode(), 0)])

    async def dead() -> bool:
        letters = await snapshot(fleet.kafka, "feedback.dead")
        return any(
            Death.of(letter.headers).position == sent.position and Feedback.decode(letter.value) == feedback
            for letter in letters
        )

    async def forgotten() -> bool:
        return await rows(fleet.database, [query_id]) == (0, 0, 0, 0)

    await eventually(dead)
    await eventually(forgotten)


async def test_what_is_live_is_repeated_at_start(fleet: Fleet) -> None:
    version = uuid4().hex
    model = Model(kind="head", llm="small", version=version, encoder=version, sha256="0" * 64, url="file:///x")
    async with fleet.database.session() as session:
        await add_llm(session, LLM)
        removed = await remove_llm(session, LLM.name)
        live = await add_model(session, model, {"rows": 10}, "live")
        await session.commit()

    await fleet.trainer()

    announced_llms = [record for record in await snapshot(fleet.kafka, "llms") if record.key == b"small"]
    announced_models = [record for record in await snapshot(fleet.kafka, "models") if record.key == live.key.encode()]
    assert Llm.decode(announced_llms[-1].value) == removed
    assert Model.decode(announced_models[-1].value) == live


async def _complete(database: Database, query_ids: list[str]) -> bool:
    count = len(query_ids)
    return await rows(database, query_ids) == (count, 2 * count, count, 0)


async def _begun(database: Database, query_ids: list[str]) -> bool:
    return (await rows(database, query_ids))[0] > 0


async def _waited(folder: Path, times: int) -> bool:
    return await _waits(folder) >= times


async def _waits(folder: Path) -> int:
    """How often a trainer waited for Postgres or Kafka."""
    logs = await asyncio.to_thread(lambda: [log.read_text() for log in folder.glob("trainer-*.log")])
    return sum(log.count("transient failure, waiting") for log in logs)
