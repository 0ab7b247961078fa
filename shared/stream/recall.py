"""One record by its address, long after it was read: a response that is owed once more."""

from aiokafka import TopicPartition

from shared.stream.connections import reading
from shared.stream.consumer import record_of
from shared.stream.records import Position, Record


async def read_at(kafka: str, position: Position) -> Record | None:
    """The record at `position`, or None when the broker no longer keeps it; raises TransientError."""
    place = TopicPartition(position.topic, position.partition)
    async with reading(kafka) as consumer:
        consumer.assign([place])
        begin, end = (await consumer.beginning_offsets([place]))[place], (await consumer.end_offsets([place]))[place]
        if not begin <= position.offset < end:
            return None
        consumer.seek(place, position.offset)
        record = record_of(await consumer.getone(place))
    return record if record.position == position else None
