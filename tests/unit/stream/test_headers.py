"""Only the trace travels along, and what dying adds to a record's headers comes off again."""

from dataclasses import replace

from shared.stream.headers import Death, original, passed_on
from shared.stream.records import Position, Record

RECORD = Record(
    Position("queries", 3, 17), b"\x00bytes", 1.0, key=b"k", headers={"traceparent": b"00-ab", "mine": b"1"}
)


def test_a_death_is_read_back_from_its_headers_and_comes_off_again() -> None:
    death = Death(RECORD.position, "RefusedError", "the prompt is empty", 2, "embedder-1")

    headers = {**RECORD.headers, **death.headers()}

    assert Death.of(headers) == death
    assert original(headers) == RECORD.headers


def test_no_trace_is_a_thousand_bytes_long() -> None:
    assert passed_on(replace(RECORD, headers={"traceparent": b"0" * 2000})) == {}


def test_only_the_trace_travels_along() -> None:
    assert passed_on(RECORD) == {"traceparent": b"00-ab"}
