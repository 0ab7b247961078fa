"""A dead letter says where it comes from and why, and always fits into a request."""

from typing import Any

import pytest

from shared.errors import RefusedError
from shared.metrics import Metrics
from shared.stream.dead import Cemetery
from shared.stream.headers import Death, original
from shared.stream.records import Outgoing, Position, Record
from shared.topics import MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES

RECORD = Record(
    Position("queries", 3, 17), b"\x00bytes", 1.0, key=b"k", headers={"traceparent": b"00-ab", "mine": b"1"}
)


def test_a_dead_letter_keeps_bytes_key_headers_and_partition_and_says_why() -> None:
    cemetery = Cemetery("embedder-1", Metrics())

    [letter] = cemetery.bury(RECORD, RefusedError("empty", "the prompt is empty"), tries=2)

    assert (letter.topic, letter.partition, letter.value, letter.key) == ("queries.dead", 3, b"\x00bytes", b"k")
    assert Death.of(letter.headers) == Death(
        Position("queries", 3, 17), "RefusedError", "the prompt is empty", 2, "embedder-1"
    )
    assert original(letter.headers) == RECORD.headers


def test_the_responses_owed_follow_the_letter() -> None:
    owed = Outgoing("responses", b"refused")
    metrics = Metrics()
    cemetery = Cemetery("embedder-1", metrics, lambda record, error: [owed])

    assert cemetery.bury(RECORD, RefusedError("empty", "empty"))[1:] == [owed]
    assert metrics.registry.get_sample_value("pointsman_dead_letters_total", {"topic": "queries"}) == 1


def test_a_letter_of_the_largest_record_still_fits_into_a_request() -> None:
    record = Record(Position("queries", 0, 0), b"x" * MAX_MESSAGE_BYTES, 1.0)

    [letter] = Cemetery("one", Metrics()).bury(record, RefusedError("too_large", "too large"))

    assert len(letter.value) < MAX_REQUEST_BYTES - 32 * 1024


@pytest.mark.parametrize("around", [{"key": b"k" * 100_000}, {"headers": {"mine": b"h" * 100_000}}])
def test_a_letter_goes_without_a_key_and_headers_that_leave_it_no_room(around: dict[str, Any]) -> None:
    record = Record(Position("queries", 0, 0), b"x" * MAX_MESSAGE_BYTES, 1.0, **around)

    [letter] = Cemetery("one", Metrics()).bury(record, RefusedError("too_large", "too large"))

    assert (letter.key, original(letter.headers)) == (None, {})
