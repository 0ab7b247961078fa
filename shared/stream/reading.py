"""Reading a whole topic once, for people's commands."""

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import TransientError
from shared.stream.admin import partition_counts
from shared.stream.consumer import close_consumer, lone_consumer, record_of
from shared.stream.records import Record


async def read_all(kafka: str, topic: str) -> list[Record]:
    """Every record there is now, in order of partition and offset; none when the topic does not exist."""
    counts = await partition_counts(kafka, [topic])
    places = [TopicPartition(topic, number) for number in range(counts.get(topic, 0))]
    consumer = lone_consumer(kafka)
    records: list[Record] = []
    try:
        await consumer.start()
        ends = await consumer.end_offsets(places)
        begins = await consumer.beginning_offsets(places)
        for place in places:
            consumer.assign([place])
            consumer.seek(place, begins[place])
            while await consumer.position(place) < ends[place]:
                taken = await consumer.getmany(place, timeout_ms=500)
                records += [record_of(one) for one in taken.get(place, [])]
    except KafkaError as error:
        raise TransientError(f"{topic} could not be read from {kafka}: {error}") from error
    finally:
        await close_consumer(consumer)
    return records
