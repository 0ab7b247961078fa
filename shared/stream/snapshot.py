"""All records that a topic holds at this moment."""

from aiokafka import TopicPartition

from shared.stream.admin import partition_counts
from shared.stream.connections import reading
from shared.stream.consumer import record_of
from shared.stream.records import Record


async def snapshot(kafka: str, topic: str, *, since: float | None = None) -> list[Record]:
    """The topic's records up to its present end, by append time; with `since` only those appended from then on.

    `since` is seconds since the epoch on the broker's clock. Empty when there is no such topic; raises TransientError
    when the broker is away.
    """
    counts = await partition_counts(kafka, [topic])
    assigned = [TopicPartition(topic, number) for number in range(counts.get(topic, 0))]
    if not assigned:
        return []
    async with reading(kafka) as consumer:
        consumer.assign(assigned)
        begins, ends = await consumer.beginning_offsets(assigned), await consumer.end_offsets(assigned)
        if since is not None:
            found = await consumer.offsets_for_times({one: round(since * 1000) for one in assigned})
            begins = {one: ends[one] if found[one] is None else found[one].offset for one in assigned}
        for one in assigned:
            consumer.seek(one, begins[one])
        waiting = {one for one in assigned if begins[one] < ends[one]}
        records: list[Record] = []
        while waiting:
            batches = await consumer.getmany(timeout_ms=500)
            records += [
                record_of(taken) for one, batch in batches.items() for taken in batch if taken.offset < ends[one]
            ]
            # By position, not by record: a compacted topic can end in a gap.
            waiting = {one for one in waiting if await consumer.position(one) < ends[one]}
        return sorted(records, key=lambda record: (record.appended_at, record.position))
