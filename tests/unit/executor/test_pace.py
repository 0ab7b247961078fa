import pytest

from services.executor.pace import Pace


def test_without_limits_nothing_waits() -> None:
    assert Pace().delay_s(0, 1e9, None, None) == 0


def test_a_short_burst_is_free_and_the_rest_keeps_the_rate() -> None:
    pace = Pace()

    delays = [pace.delay_s(0, 0, 60, None) for _ in range(8)]

    assert delays == pytest.approx([0, 0, 0, 0, 0, 1, 2, 3])


def test_tokens_are_paced_like_requests() -> None:
    pace = Pace()

    delays = [pace.delay_s(0, 1000, None, 6000) for _ in range(3)]

    assert delays == pytest.approx([0, 10, 20])


def test_an_idle_minute_does_not_save_up() -> None:
    pace = Pace()
    pace.delay_s(0, 0, 12, None)

    assert [pace.delay_s(600, 0, 12, None) for _ in range(2)] == pytest.approx([0, 5])


def test_a_pause_holds_all_starts() -> None:
    pace = Pace()
    pace.pause(7)
    pace.pause(3)

    assert pace.delay_s(5, 0, None, None) == 2
    assert pace.delay_s(8, 0, None, None) == 0
