"""Reading dead letters, and giving their records a second life."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.stream.handlers import Produce
from shared.stream.headers import Death, original
from shared.stream.records import Outgoing, Record
from shared.stream.snapshot import snapshot


@dataclass(frozen=True, slots=True)
class DeadRecord:
    """A dead letter: the record on `<topic>.dead`, and what it says of its death."""

    record: Record
    death: Death


async def dead_records(kafka: str, topic: str) -> list[DeadRecord]:
    """All dead letters of `topic` (the topic's own name, without `.dead`), in order of partition and offset."""
    records = sorted(await snapshot(kafka, f"{topic}.dead"), key=lambda record: record.position)
    return [DeadRecord(record, Death.of(record.headers)) for record in records]


async def replay(
    produce: Produce, dead: Sequence[DeadRecord], amend: Callable[[bytes], bytes] = lambda value: value
) -> int:
    """Produce them back to where they came from, same partition number and headers; returns how many.

    `amend` may change the value, as a query that has an outcome needs a new id. The dead letters stay where they are.
    """
    again = [
        Outgoing(
            topic=one.death.position.topic,
            value=amend(one.record.value),
            partition=one.death.position.partition,
            key=one.record.key,
            headers=original(one.record.headers),
        )
        for one in dead
    ]
    return len(await produce(again))
