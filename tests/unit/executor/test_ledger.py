import pytest

from services.executor.ledger import Ledger, Stage
from shared.stream.records import Position


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_seconds_follow_a_dispatch_from_queue_to_end() -> None:
    clock = Clock()
    ledger = Ledger(clock)

    with ledger.entry(Position("dispatch.a", 0, 1), service_s=4.0) as entry:
        queued = ledger.seconds("dispatch.a", 0)
        ledger.move(entry, Stage.CALLING)
        clock.now += 1
        calling = ledger.seconds("dispatch.a", 0)
        clock.now += 60
        overdue = ledger.seconds("dispatch.a", 0)
        ledger.move(entry, Stage.ELSEWHERE)
        elsewhere = ledger.seconds("dispatch.a", 0)
    finished = ledger.seconds("dispatch.a", 0)

    assert (queued.queued_s, queued.remaining_s, queued.in_flight) == (4, 0, 0)
    assert (calling.queued_s, calling.remaining_s, calling.in_flight) == (0, 3, 1)
    assert overdue.remaining_s == pytest.approx(0.25)
    assert elsewhere == finished
    assert (finished.queued_s, finished.remaining_s, finished.in_flight) == (0, 0, 0)


def test_partitions_and_topics_are_kept_apart() -> None:
    ledger = Ledger(Clock())

    with ledger.entry(Position("dispatch.a", 0, 1), 4.0), ledger.entry(Position("dispatch-batch.a", 0, 1), 8.0):
        assert ledger.seconds("dispatch.a", 0).queued_s == 4
        assert ledger.seconds("dispatch-batch.a", 0).queued_s == 8
        assert ledger.seconds("dispatch.a", 1).queued_s == 0


def test_what_changes_is_announced() -> None:
    ledger = Ledger(Clock())
    ledger.changed = False

    with ledger.entry(Position("dispatch.a", 0, 1), 4.0) as entry:
        fetched, ledger.changed = ledger.changed, False
        ledger.move(entry, Stage.QUEUED)
        same, ledger.changed = ledger.changed, False
        ledger.move(entry, Stage.CALLING)
        called, ledger.changed = ledger.changed, False

    assert (fetched, same, called, ledger.changed) == (True, False, True, True)
