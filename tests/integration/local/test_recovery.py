"""Killed brokers lose nothing, and dead members come back."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from sqlalchemy import create_engine, text

from pointsman.local.kafka import Kafka
from pointsman.local.member import Member
from pointsman.local.postgres import Postgres
from pointsman.local.process import Program


def _member(name: str, build: Callable[[], Program], folder: Path) -> Member:
    return Member(name, build, folder / f"{name}.log", lambda: None)


def _pid(member: Member) -> int:
    pid = member.entry().pid
    assert pid is not None
    return pid


async def _killed_and_back(member: Member) -> None:
    before = _pid(member)
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(60):
        while member.restarts == 0 or member.status != "ready":
            await asyncio.sleep(0.1)
    assert _pid(member) != before


def _produce(kafka: str, topic: str, count: int) -> int:
    """How many of the records were acknowledged."""
    errors: list[KafkaError | None] = []

    def remember(error: KafkaError | None, _: Message) -> None:
        errors.append(error)

    producer = Producer({"bootstrap.servers": kafka, "acks": "all"})
    for number in range(count):
        producer.produce(topic, str(number).encode(), on_delivery=remember)
    producer.flush(30)
    return errors.count(None)


def _consume(kafka: str, topic: str, count: int) -> set[int]:
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "reader", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    values: set[int] = set()
    try:
        while len(values) < count and (messages := consumer.consume(count, timeout=30)):
            values |= {int(value) for message in messages if (value := message.value()) is not None}
    finally:
        consumer.close()
    return values


@pytest.mark.timeout(180)
async def test_a_killed_kafka_comes_back_on_its_port_with_every_acknowledged_record(tmp_path: Path) -> None:
    server = Kafka.at(tmp_path / "kafka")
    member = _member("kafka", server.program, tmp_path)
    member.start()
    try:
        await member.until_ready(60)
        admin = AdminClient({"bootstrap.servers": server.address})
        admin.create_topics([NewTopic("kept", 4, 1)])["kept"].result()
        acknowledged = await asyncio.to_thread(_produce, server.address, "kept", 2000)

        await _killed_and_back(member)

        found = await asyncio.to_thread(_consume, server.address, "kept", 2000)
        assert acknowledged == 2000
        assert found == set(range(2000))
        assert Kafka.at(tmp_path / "kafka").port != server.port
    finally:
        await member.stop()
    assert Kafka.at(tmp_path / "kafka").port == server.port


async def test_a_killed_postgres_comes_back_on_its_port_with_every_committed_row(tmp_path: Path) -> None:
    server = Postgres.at(tmp_path / "postgres")
    member = _member("postgres", server.program, tmp_path)
    member.start()
    try:
        await member.until_ready(60)
        engine = create_engine(server.url)
        with engine.begin() as connection:
            connection.execute(text("create table kept as select generate_series(1, 500) as number"))
        engine.dispose()

        await _killed_and_back(member)

        with engine.connect() as connection:
            assert connection.execute(text("select count(*) from kept")).scalar_one() == 500
        engine.dispose()
    finally:
        await member.stop()


async def test_a_dead_member_is_started_again_until_it_is_stopped(tmp_path: Path) -> None:
    member = _member("sleeper", lambda: Program("sleeper", ("sleep", "600")), tmp_path)
    member.start()
    await member.until_ready(10)

    await _killed_and_back(member)
    pid = _pid(member)
    await member.stop()

    assert not psutil.pid_exists(pid)
    assert member.entry().pid is None


async def test_a_program_that_ignores_its_signal_is_killed_with_its_descendants(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 600 & echo $! > child; echo ready > up; wait; wait"
    program = Program("stubborn", ("sh", "-c", f"cd {tmp_path}; {script}"), ready=(tmp_path / "up").exists, stop_s=0.2)
    member = _member("stubborn", lambda: program, tmp_path)
    member.start()
    await member.until_ready(10)
    descendant = psutil.Process(int((tmp_path / "child").read_text()))

    await member.stop()

    descendant.wait(10)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_die_with_their_parent(tmp_path: Path) -> None:
    script = (
        "import time; from pathlib import Path; from pointsman.local.process import Child, Program\n"
        f"child = Child(Program('sleeper', ('sleep', '600')), Path({str(tmp_path / 'log')!r}))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen((sys.executable, "-c", script), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))

        parent.kill()

    child.wait(10)
