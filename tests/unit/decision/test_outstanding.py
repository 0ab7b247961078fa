"""Outstanding seconds: announcements, notes and own dispatches add up, each once (protocol 5)."""

from collections.abc import Mapping

import pytest

from services.decision.backlog import recover
from services.decision.outstanding import Outstanding
from shared.errors import PermanentError
from shared.messages import DispatchNote
from shared.stream.records import Position, Record
from tests.unit.decision.stage import START, a_partition, an_announcement, an_llm

A = an_llm("a", parallelism=2)
TOPIC, BATCH = "dispatch.a", "dispatch-batch.a"


def a_note(offset: int, seconds: float = 4.0, topic: str = TOPIC) -> DispatchNote:
    return DispatchNote(llm="a", topic=topic, partition=0, offset=offset, service_s=seconds)


def seconds(outstanding: Outstanding, partition: int = 0, *, batch: bool = False) -> float:
    return outstanding.loads(A, batch=batch)[partition].outstanding_s


def test_queued_and_remaining_seconds_add_to_noted_and_own_ones() -> None:
    outstanding = Outstanding()

    outstanding.announce(
        an_announcement("a", a_partition("a", 0, queued_s=3, remaining_s=2, next_offset=5, in_flight=1))
    )
    outstanding.note(a_note(5))
    outstanding.reserve("a", TOPIC, 0, 1.5)

    assert seconds(outstanding) == pytest.approx(3 + 2 + 4 + 1.5)
    assert outstanding.loads(A)[0].busy == 1 + 1 + 1 + 1


def test_a_dispatch_counts_once_from_reservation_to_its_own_note_read_back() -> None:
    outstanding = Outstanding()
    reservation = outstanding.reserve("a", TOPIC, 0, 4.0)
    assert seconds(outstanding) == 4

    note = outstanding.acknowledged(reservation, Position(TOPIC, 0, 7))
    assert seconds(outstanding) == 4
    outstanding.note(note)

    assert seconds(outstanding) == 4


def test_a_dispatch_its_owner_has_read_is_counted_by_the_announcement_alone() -> None:
    outstanding = Outstanding()
    outstanding.note(a_note(5))
    outstanding.note(a_note(6))

    outstanding.announce(an_announcement("a", a_partition("a", 0, next_offset=6, remaining_s=1)))
    outstanding.note(a_note(5))

    assert seconds(outstanding) == pytest.approx(1 + 4)


def test_the_newest_owner_of_a_partition_counts() -> None:
    outstanding = Outstanding()
    outstanding.announce(
        an_announcement("a", a_partition("a", 0, owned_since=START + 5, queued_s=1), instance="new", at=START + 6)
    )

    outstanding.announce(an_announcement("a", a_partition("a", 0, queued_s=9), instance="old", at=START + 7))

    assert seconds(outstanding) == 1


def test_an_announcement_that_was_overtaken_changes_nothing() -> None:
    outstanding = Outstanding()
    outstanding.announce(an_announcement("a", a_partition("a", 0, queued_s=1), at=START + 1))

    outstanding.announce(an_announcement("a", a_partition("a", 0, queued_s=9), at=START))

    assert seconds(outstanding) == 1


def test_a_silent_executor_keeps_its_seconds_but_is_not_available() -> None:
    outstanding = Outstanding()
    outstanding.announce(an_announcement("a", a_partition("a", 0, queued_s=8)))

    assert outstanding.is_available("a", START + 2.9)
    assert not outstanding.is_available("a", START + 3.1)
    assert seconds(outstanding) == 8


def test_one_healthy_executor_is_enough() -> None:
    outstanding = Outstanding()
    outstanding.announce(an_announcement("a", healthy=False, instance="executor-1"))
    assert not outstanding.is_available("a", START)

    outstanding.announce(an_announcement("a", instance="executor-2"))

    assert outstanding.is_available("a", START)


def test_slots_are_as_announced_else_as_the_descriptor_promises() -> None:
    outstanding = Outstanding()
    assert [load.slots for load in outstanding.loads(A)] == [1, 1]

    outstanding.announce(an_announcement("a", a_partition("a", 0, slots=0), a_partition("a", 1, slots=3)))

    assert [load.slots for load in outstanding.loads(A)] == [0, 3]


def test_batch_work_waits_for_all_and_only_its_running_calls_hold_others_up() -> None:
    outstanding = Outstanding()
    outstanding.announce(
        an_announcement(
            "a",
            a_partition("a", 0, remaining_s=1, in_flight=1),
            a_partition("a", 0, topic=BATCH, remaining_s=2, queued_s=100, in_flight=1, slots=0),
        )
    )
    outstanding.note(a_note(3, 50, BATCH))

    assert seconds(outstanding) == pytest.approx(3)
    assert seconds(outstanding, batch=True) == pytest.approx(153)


def test_the_newest_measurement_is_used_where_there_is_one() -> None:
    outstanding = Outstanding()
    assert outstanding.speed(A) == (0.5, 100.0)

    outstanding.announce(an_announcement("a", first_token_s=0.2, tokens_per_s=40.0, prompt_token_ratio=1.3))

    assert outstanding.speed(A) == (0.2, 40.0)
    assert outstanding.prompt_token_ratio(A) == 1.3
    assert outstanding.seen_at("a") == START


def test_a_record_that_only_set_a_clock_is_left_out() -> None:
    Outstanding().receive(Record(Position("capacity", 0, 0), b"", 0.0))


def test_a_capacity_record_that_is_none_is_refused() -> None:
    with pytest.raises(PermanentError, match="expected a capacity record"):
        Outstanding().receive(Record(Position("capacity", 0, 0), b"[]", START))


async def test_a_restart_counts_what_no_executor_has_read() -> None:
    outstanding = Outstanding()
    outstanding.announce(an_announcement("a", a_partition("a", 0, next_offset=4)))
    outstanding.note(a_note(5, 1.0))

    async def ends(topic: str) -> Mapping[int, int]:
        return {TOPIC: {0: 7, 1: 12}, BATCH: {}}[topic]

    async def committed(group: str, topic: str) -> Mapping[int, int]:
        assert group == "executor.a"
        return {0: 0, 1: 10} if topic == TOPIC else {}

    await recover(A, outstanding, ends, committed)

    typical_s = 0.5 + 300 / 100
    assert seconds(outstanding, 0) == pytest.approx(1.0 + 2 * typical_s), "4 and 6 are guessed, 5 was noted"
    assert seconds(outstanding, 1) == pytest.approx(2 * typical_s), "from the committed offset"
