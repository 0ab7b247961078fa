"""The one way records leave a process: idempotent, acknowledged by all in-sync replicas."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from shared.errors import PermanentError, TransientError
from shared.logs import get
from shared.stream.clock import BrokerClock
from shared.stream.records import Acknowledgement, Outgoing, Position
from shared.topics import CAPACITY, MAX_REQUEST_BYTES

_log = get(__name__)
#: What a record's framing may take besides its bytes.
_FRAMING_BYTES = 1024
_LOG_APPEND_TIME = 1


class _Metadata(Protocol):
    """What aiokafka says of an acknowledged record."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int


class Producer:
    """One per process. Waits while the broker is away, at most `delivery_s`; then starts over with a new client.

    A client whose batch failed is thrown away: its sequence numbers have a gap, and the broker would refuse all that
    follows. What was underway is reported as failed though the broker may have it: callers produce it again.
    """

    def __init__(self, kafka: str, clock: BrokerClock, delivery_s: float = 60) -> None:
        self._kafka = kafka
        self._clock = clock
        self._delivery_s = delivery_s
        self._client: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._abandoning: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect; raises TransientError when the broker is away."""
        await self._connected()

    async def learn_time(self) -> None:
        """Set the clock by an empty record, which readers of `capacity` leave out; raises TransientError.

        For processes that compare broker time before they have anything to tell: deadlines, and since when a partition
        is owned, would else be in their own time.
        """
        await self([Outgoing(CAPACITY.name, b"")])

    async def stop(self) -> None:
        """Deliver what is underway, at most 5 s, and close."""
        if self._client is not None:
            client, self._client = self._client, None
            try:
                async with asyncio.timeout(5):
                    await client.stop()
            except TimeoutError:
                await _abandon(client)
        await asyncio.gather(*self._abandoning)

    async def __call__(self, outgoing: Sequence[Outgoing]) -> Sequence[Acknowledgement]:
        if not outgoing:
            return ()
        _check_sizes(outgoing)
        client = await self._connected()
        sent_at = self._clock.local()
        try:
            async with asyncio.timeout(self._delivery_s):
                sending = [await _send(client, record) for record in outgoing]
                metadata = await asyncio.gather(*sending)
        except UnknownTopicOrPartitionError as error:
            names = ", ".join(sorted({record.topic for record in outgoing}))
            raise TransientError(f"one of the topics {names} does not exist; see `pointsman topics`") from error
        except MessageSizeTooLargeError as error:
            raise PermanentError(f"a record is larger than {MAX_REQUEST_BYTES} bytes") from error
        except (KafkaError, TimeoutError) as error:
            self._replace(client)
            raise TransientError(f"the broker did not acknowledge {len(outgoing)} records: {error!r}") from error
        return self._acknowledged(metadata, sent_at)

    def _acknowledged(self, metadata: Sequence[_Metadata], sent_at: float) -> list[Acknowledgement]:
        acknowledgements = [_acknowledgement(one) for one in metadata]
        last = max((one.appended_at for one in acknowledgements if one.appended_at is not None), default=None)
        if last is not None:
            self._clock.learn(last, sent_at, self._clock.local())
        return acknowledgements

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._client is None:
                self._client = await _connect(self._kafka)
            return self._client

    def _replace(self, client: AIOKafkaProducer) -> None:
        if self._client is client:
            self._client = None
            _log.warning("producer is replaced after a failed delivery")
            task = asyncio.create_task(_abandon(client))
            self._abandoning.add(task)
            task.add_done_callback(self._abandoning.discard)


async def _connect(kafka: str) -> AIOKafkaProducer:
    client = AIOKafkaProducer(
        bootstrap_servers=kafka,
        enable_idempotence=True,
        acks="all",
        max_request_size=MAX_REQUEST_BYTES,
        max_batch_size=64 * 1024,
        metadata_max_age_ms=30_000,
    )
    try:
        await client.start()
    except BaseException as error:
        await client.stop()
        if isinstance(error, KafkaError):
            raise TransientError(f"no broker answers at {kafka}: {error!r}") from error
        raise
    return client


async def _abandon(client: AIOKafkaProducer) -> None:
    """Close without delivering: stop() alone would go on trying for as long as the broker is away."""
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(5):
            await client._sender.close()
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(5):
            await client.stop()


async def _send(client: AIOKafkaProducer, record: Outgoing) -> Awaitable[_Metadata]:
    if record.partition is not None:
        await _check_partition(client, record.topic, record.partition)
    sending: Awaitable[_Metadata] = await client.send(
        record.topic, record.value, record.key, record.partition, headers=list(record.headers.items())
    )
    return sending


async def _check_partition(client: AIOKafkaProducer, topic: str, partition: int) -> None:
    if partition in await client.partitions_for(topic):
        return
    await client.client.force_metadata_update()
    known = await client.partitions_for(topic)
    if partition not in known:
        # It may be about to grow: an LLM's descriptor can be heard of before its topics have their new partitions.
        raise TransientError(f"{topic} has {len(known)} partitions, the record was for number {partition}")


def _check_sizes(outgoing: Sequence[Outgoing]) -> None:
    for record in outgoing:
        headers = sum(len(name) + len(value) for name, value in record.headers.items())
        size = len(record.value) + len(record.key or b"") + headers + _FRAMING_BYTES
        if size > MAX_REQUEST_BYTES:
            raise PermanentError(f"a record for {record.topic} has {size} bytes, at most {MAX_REQUEST_BYTES} are taken")


def _acknowledgement(metadata: _Metadata) -> Acknowledgement:
    if metadata.offset < 0:
        raise TransientError(f"the broker kept a record of {metadata.topic} but no longer knows its offset")
    broker_time = metadata.timestamp_type == _LOG_APPEND_TIME
    position = Position(metadata.topic, metadata.partition, metadata.offset)
    return Acknowledgement(position, metadata.timestamp / 1000 if broker_time else None)
