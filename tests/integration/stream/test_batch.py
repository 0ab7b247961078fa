"""The batch shape on a real broker."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from pointsman.command.dead import revived
from shared.errors import PermanentError, RefusedError, TransientError
from shared.stream.admin import committed_offsets
from shared.stream.batch import BatchLane
from shared.stream.handlers import Produce
from shared.stream.headers import Death
from shared.stream.records import Acknowledgement, Outgoing, Record
from tests.integration.stream.conftest import MakeTopic, numbered
from tests.integration.stream.harness import Bench, Copies, as_text, running, until


async def test_every_record_is_copied_once_and_committed(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(4), await make_topic(4)
    await bench.producer(numbered(source, range(500)))

    async with running(bench.copying(source, Copies(target))):
        texts = await bench.arrived(target, {str(n) for n in range(500)})

    assert set(texts.values()) == {1}
    await bench.all_committed(source)


async def test_a_batch_takes_what_is_ready_and_no_more_than_asked(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(1), await make_topic(1)
    handler = Copies(target)
    await bench.producer(numbered(source, range(25)))

    async with running(bench.copying(source, handler, max_records=10)):
        await until(lambda: sum(map(len, handler.batches)) == 25)

    assert [len(batch) for batch in handler.batches] == [10, 10, 5]


async def test_poison_is_dead_lettered_with_its_reason_and_the_rest_served(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(2), await make_topic(2)
    poison = Outgoing(source.name, b"\xff\xfe", 1, key=b"k", headers={"traceparent": b"00-1"})
    await bench.producer([*numbered(source, range(10)), poison, *numbered(source, range(10, 20))])

    def decode(record: Record) -> str:
        try:
            return record.value.decode()
        except UnicodeDecodeError as error:
            raise PermanentError("expected UTF-8") from error

    def refuse(record: Record, error: PermanentError) -> Sequence[Outgoing]:
        return [Outgoing(target.name, b"refused", record.position.partition)]

    lane = BatchLane(
        bench.settings(source, "here"), decode, Copies(target), bench.producer, bench.metrics, bench.clock,
        max_records=50, refuse=refuse,
    )  # fmt: skip
    async with running(lane):
        await bench.arrived(target, {str(n) for n in range(20)} | {"refused"})
    [letter] = await bench.letters(source)
    death = Death.of(letter.headers)

    assert (letter.value, letter.key, letter.position.partition) == (b"\xff\xfe", b"k", 1)
    assert letter.headers["traceparent"] == b"00-1"
    assert death.position[:2] == (source.name, 1)
    assert (death.error, death.message) == ("PermanentError", "expected UTF-8")
    assert (death.tries, death.instance) == (1, "here")
    await bench.all_committed(source)


async def test_only_the_record_at_fault_dies_with_a_failed_batch(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(1), await make_topic(1)
    await bench.producer(numbered(source, range(10)))

    class Picky(Copies):
        async def handle(self, batch: Sequence[tuple[Record, str]]) -> Sequence[Outgoing]:
            if any(text == "7" for _, text in batch):
                raise RefusedError("seven", "not seven")
            return await super().handle(batch)

    async with running(bench.copying(source, Picky(target))):
        texts = await bench.arrived(target, {str(n) for n in range(10) if n != 7})
        await bench.all_committed(source)
    [letter] = await bench.letters(source)

    assert "7" not in texts
    assert set(texts.values()) == {1}
    assert (letter.value, Death.of(letter.headers).error) == (b"7", "RefusedError")


async def test_a_replayed_dead_letter_is_served_as_the_first_time(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(2), await make_topic(2)
    await bench.producer([Outgoing(source.name, b"late", 1, b"k", {"traceparent": b"00-1"})])
    handler = Copies(target, errors=[PermanentError("not yet")] * 2)

    async with running(bench.copying(source, handler)):
        await until(lambda: not handler.errors)
        await bench.all_committed(source)
        [letter] = await bench.letters(source)
        await bench.producer([revived(letter, source.name, None)])
        await bench.arrived(target, {"late"})

    assert handler.batches == [["late"]]


async def test_a_transient_failure_is_waited_out_in_place(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(1), await make_topic(1)
    await bench.producer(numbered(source, range(10)))
    handler = Copies(target, errors=[TransientError("away")] * 4)

    async with running(bench.copying(source, handler)):
        texts = await bench.arrived(target, {str(n) for n in range(10)})

    assert set(texts.values()) == {1}
    assert bench.metrics.retries.labels(source.name)._value.get() == 4
    assert await bench.texts(f"{source.name}.dead") == {}


async def test_nothing_is_committed_past_a_failing_batch(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(1), await make_topic(1)
    await bench.producer(numbered(source, range(10)))
    handler = Copies(target, errors=[TransientError("away")] * 1000)

    async with running(bench.copying(source, handler)):
        await until(lambda: len(handler.errors) < 998)
    committed = await committed_offsets(bench.kafka, f"group-{source.name}", source.name)

    assert committed.get(0, 0) == 0
    async with running(bench.copying(source, Copies(target))):
        texts = await bench.arrived(target, {str(n) for n in range(10)})
    assert set(texts.values()) == {1}


async def test_lesser_topics_wait_until_the_others_are_read(bench: Bench, make_topic: MakeTopic) -> None:
    main, lesser, target = await make_topic(1), await make_topic(1), await make_topic(1)
    await bench.producer(numbered(lesser, range(100, 130)))
    await bench.producer(numbered(main, range(30)))
    handler = Copies(target)
    lane = BatchLane(
        bench.settings(main), as_text, handler, bench.producer, bench.metrics, bench.clock,
        max_records=10, lesser_topics=(lesser.name,),
    )  # fmt: skip

    async with running(lane):
        await bench.arrived(target, {str(n) for n in [*range(30), *range(100, 130)]})

    order = [int(text) for batch in handler.batches for text in batch]
    assert order == [*range(30), *range(100, 130)]


async def test_with_overlap_the_next_batch_is_handled_while_acknowledgements_are_awaited(
    bench: Bench, make_topic: MakeTopic
) -> None:
    source, target = await make_topic(1), await make_topic(1)
    await bench.producer(numbered(source, range(2)))
    handler, acknowledge = Copies(target), asyncio.Event()

    async def slowly(outgoing: Sequence[Outgoing]) -> Sequence[object]:
        await acknowledge.wait()
        return await bench.producer(outgoing)

    lane = BatchLane(
        bench.settings(source), as_text, handler, slowly, bench.metrics, bench.clock, max_records=1, overlap=2,
    )  # type: ignore[arg-type]  # fmt: skip
    async with running(lane):
        await until(lambda: handler.batches == [["0"], ["1"]])
        acknowledge.set()
        await bench.arrived(target, {"0", "1"})

    await bench.all_committed(source)


async def test_with_overlap_so_many_batches_are_handled_at_once_and_no_more(
    bench: Bench, make_topic: MakeTopic
) -> None:
    source, target = await make_topic(1), await make_topic(1)
    await bench.producer(numbered(source, range(3)))
    copies, letting_go = Copies(target), asyncio.Event()
    begun: list[str] = []

    class Slow:
        async def handle(self, batch: Sequence[tuple[Record, str]]) -> Sequence[Outgoing]:
            begun.extend(text for _, text in batch)
            await letting_go.wait()
            return await copies.handle(batch)

    lane = BatchLane(
        bench.settings(source), as_text, Slow(), bench.producer, bench.metrics, bench.clock, max_records=1, overlap=2
    )
    async with running(lane):
        await until(lambda: len(begun) == 2)
        await asyncio.sleep(0.3)  # a third would have come by now
        assert begun == ["0", "1"]
        letting_go.set()
        await bench.arrived(target, {"0", "1", "2"})

    await bench.all_committed(source)


async def test_a_new_group_from_latest_keeps_its_place_before_its_first_record(
    bench: Bench, make_topic: MakeTopic
) -> None:
    source, target = await make_topic(1), await make_topic(1)
    await bench.producer(numbered(source, range(5)))

    def lane() -> BatchLane[str]:
        return BatchLane(
            bench.settings(source, start="latest"), as_text, Copies(target), bench.producer, bench.metrics, bench.clock,
            max_records=10,
        )  # fmt: skip

    async with running(lane()):
        await bench.all_committed(source)
    await bench.producer(numbered(source, range(5, 10)))
    async with running(lane()):
        texts = await bench.arrived(target, {str(n) for n in range(5, 10)})

    assert set(texts) == {str(n) for n in range(5, 10)}


@dataclass
class Held:
    """A producer that delivers nothing until it is let go."""

    produce: Produce
    letting_go: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0

    async def __call__(self, outgoing: Sequence[Outgoing]) -> Sequence[Acknowledgement]:
        self.held += 1
        await self.letting_go.wait()
        return await self.produce(outgoing)


async def test_a_batch_that_still_lingers_when_a_drain_begins_is_left_to_the_next_owner(
    bench: Bench, make_topic: MakeTopic
) -> None:
    source, target = await make_topic(1), await make_topic(1)
    handler, producer = Copies(target), Held(bench.producer)
    linger_s = 0.5
    lane = BatchLane(
        bench.settings(source), as_text, handler, producer, bench.metrics, bench.clock,
        max_records=10, overlap=2, linger_s=linger_s,
    )  # fmt: skip

    task = asyncio.create_task(lane.run())
    await bench.producer(numbered(source, [0]))
    await until(lambda: producer.held == 1)
    await bench.producer(numbered(source, [1]))
    await asyncio.sleep(linger_s / 2)  # it is fetched, and lingers
    stopping = asyncio.create_task(lane.stop())
    await asyncio.sleep(linger_s)
    producer.letting_go.set()
    await stopping
    await task

    assert handler.batches == [["0"]]
    assert bench.cut_off(source) == 0


async def test_a_batch_that_outlasts_the_drain_is_cut_off_and_counted(bench: Bench, make_topic: MakeTopic) -> None:
    source, target = await make_topic(1), await make_topic(1)
    producer = Held(bench.producer)
    lane = BatchLane(
        bench.settings(source), as_text, Copies(target), producer, bench.metrics, bench.clock, max_records=10
    )  # fmt: skip
    await bench.producer(numbered(source, range(7)))

    async with running(lane):
        await until(lambda: producer.held == 1)
    async with running(bench.copying(source, Copies(target))):
        texts = await bench.arrived(target, {str(n) for n in range(7)})

    assert bench.cut_off(source) == 7
    assert set(texts.values()) == {1}
