"""Transient failures are waited out, others are not."""

from itertools import islice

import pytest

from shared.errors import PermanentError, TransientError, UnforeseenError
from shared.metrics import Metrics
from shared.stream.retry import Retry, delays_s


def test_delays_double_with_jitter_up_to_the_longest() -> None:
    spans_s = (1.0, 2.0, 4.0, 5.0, 5.0)

    assert all(span_s / 2 <= delay_s <= span_s for delay_s, span_s in zip(delays_s(1, 5), spans_s, strict=False))
    assert len(set(islice(delays_s(1, 1), 20))) > 1


async def test_it_tries_until_it_works_and_counts() -> None:
    metrics = Metrics()
    outcomes = iter([TransientError("away"), TransientError("away"), None])

    async def call() -> str:
        if (error := next(outcomes)) is not None:
            raise error
        return "done"

    assert await Retry(metrics, longest_s=0.01)("queries", call) == "done"
    assert metrics.registry.get_sample_value("pointsman_retries_total", {"topic": "queries"}) == 2


async def test_a_permanent_error_comes_through_at_once() -> None:
    async def call() -> None:
        raise PermanentError("never")

    with pytest.raises(PermanentError):
        await Retry(Metrics())("queries", call)


async def test_it_gives_up_what_is_wanted_no_longer() -> None:
    async def call() -> None:
        raise TransientError("away")

    with pytest.raises(TransientError):
        await Retry(Metrics())("queries", call, wanted=lambda: False)


async def test_what_nobody_foresaw_is_permanent_at_the_third_time_and_says_where_without_quoting() -> None:
    tries = 0

    async def call() -> None:
        nonlocal tries
        tries += 1
        raise ValueError("somebody's prompt")

    with pytest.raises(UnforeseenError, match=r"^ValueError at (\w+\.py:\d+ > )*test_retry.py:\d+$"):
        await Retry(Metrics(), longest_s=0.01)("queries", call)
    assert tries == 3


async def test_what_befalls_the_machine_is_not_held_against_a_record() -> None:
    async def call() -> None:
        raise OSError("too many open files")

    with pytest.raises(OSError, match="too many"):
        await Retry(Metrics())("queries", call)
