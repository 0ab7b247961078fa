"""What Kafka's client hands over, as our own record."""

from aiokafka import ConsumerRecord

from shared.stream.consumer import record_of


def test_a_header_without_a_value_is_empty() -> None:
    taken = ConsumerRecord("queries", 0, 0, 1000, 1, b"k", b"v", None, 1, 1, [("traceparent", None)])

    assert record_of(taken).headers == {"traceparent": b""}
