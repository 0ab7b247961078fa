"""How aiokafka's consumers are made, read and closed here."""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from shared.stream.lane import LaneSettings
from shared.stream.records import Position, Record
from shared.topics import MAX_MESSAGE_BYTES

_DAY_MS = 24 * 3600 * 1000
_CLOSE_TIMEOUT_S = 5.0


def group_consumer(settings: LaneSettings, partitions: int) -> AIOKafkaConsumer:
    """A consumer of a group, not started and not subscribed; `partitions` is how many its topics have together.

    That number is part of a static member's name: a member that comes back under its name gets its old partitions
    without a rebalance, and nobody would be given those that were added meanwhile.

    The range assignor for all: one member gets the same partition numbers of all its topics, as the join and the
    executors' shared slots need; for a single topic it is as even as any. Rebalances are eager and nothing is cached
    per partition, so a sticky assignor would save nothing.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        client_id=settings.instance,
        group_id=settings.group,
        group_instance_id=f"{settings.instance}.{partitions}" if settings.static else None,
        auto_offset_reset=settings.start,
        enable_auto_commit=False,
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=10_000,
        heartbeat_interval_ms=3_000,
        rebalance_timeout_ms=15_000,
        # Liveness is ours: lag and no progress.
        max_poll_interval_ms=_DAY_MS,
        fetch_max_wait_ms=100,
        fetch_max_bytes=8 * 1024 * 1024,
        max_partition_fetch_bytes=512 * 1024,
        # A group's leader finds added partitions by it.
        metadata_max_age_ms=30_000,
    )


def lone_consumer(kafka: str, *, wait_ms: int = 100) -> AIOKafkaConsumer:
    """A consumer without a group, not started; it reads what it is told to by assign().

    The broker answers a connection's requests one after the other: what is asked of it while a fetch waits for records
    waits with it, at most `wait_ms`.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=wait_ms,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
    )


def record_of(taken: ConsumerRecord) -> Record:
    return Record(
        position=Position(taken.topic, taken.partition, taken.offset),
        value=taken.value or b"",
        appended_at=taken.timestamp / 1000,
        key=taken.key,
        # Kafka's headers may be null, ours are bytes.
        headers={name: value or b"" for name, value in taken.headers},
    )


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave and close, within seconds also when the broker is away.

    stop() can wait for a broker for ever (https://github.com/aio-libs/aiokafka/issues/659); what it has begun is then
    cancelled from within, as a second stop() does nothing.
    """
    with suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await consumer.stop()
            return
    if consumer._coordinator is not None:
        consumer._coordinator._coordination_task.cancel()
    with suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            if consumer._fetcher is not None:
                await consumer._fetcher.close()
            await consumer._client.close()
