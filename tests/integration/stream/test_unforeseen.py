"""A record that brings a bug to light ends as a dead letter in every shape of lane, and the others are served."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.stream.concurrent import ConcurrentLane
from shared.stream.headers import Death
from shared.stream.records import Outgoing, Record
from shared.topics import Topic
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, Copies, as_text, running

#: as_text() and the handlers here trip over these.
UNREADABLE, UNLUCKY = b"\xff", b"13"
SERVED = {str(n) for n in range(20) if n != 13}


@dataclass
class Unlucky(Copies):
    """A batch handler with a bug."""

    async def handle(self, batch: Sequence[tuple[Record, str]]) -> Sequence[Outgoing]:
        for _, text in batch:
            {"13": {}}.get(text, {"luck": 1})["luck"]
        return await super().handle(batch)


@dataclass
class UnluckyCall:
    """A concurrent handler with a bug."""

    served: set[str] = field(default_factory=set)

    async def handle(self, record: Record, message: str) -> None:
        {"13": {}}.get(message, {"luck": 1})["luck"]
        self.served.add(message)


async def buried(bench: Bench, source: Topic) -> dict[bytes, str]:
    await bench.all_committed(source)
    return {letter.value: Death.of(letter.headers).message.split(" at ")[0] for letter in await bench.letters(source)}


async def test_in_a_batch_lane(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(1), await make_topic(1)
    await bench.producer([*numbered(source, range(20)), Outgoing(source.name, UNREADABLE, 0)])

    async with running(bench.copying(source, Unlucky(target))):
        texts = await bench.arrived(target, SERVED)
        letters = await buried(bench, source)

    assert set(texts.values()) == {1}
    assert letters == {UNREADABLE: "UnicodeDecodeError", UNLUCKY: "KeyError"}


async def test_in_a_concurrent_lane(bench: Bench, make_topic: MakeTopic) -> None:
    source = await make_topic(1)
    handler = UnluckyCall()
    lane = ConcurrentLane(
        bench.settings(source), as_text, handler, bench.producer, bench.metrics, bench.clock,
        slots=lambda topic, partition: 4,
    )  # fmt: skip
    await bench.producer([*numbered(source, range(20)), Outgoing(source.name, UNREADABLE, 0)])

    async with running(lane):
        letters = await buried(bench, source)

    assert handler.served == SERVED
    assert letters == {UNREADABLE: "UnicodeDecodeError", UNLUCKY: "KeyError"}
