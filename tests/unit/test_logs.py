import logging

from shared.logs import Seldom


def record(name: str, line: int, at: float) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "client.py", line, "no node", None, None)
    made.created = at
    return made


def test_a_library_repeats_itself_once_in_ten_seconds() -> None:
    seldom = Seldom()

    passed = [at for at in range(100, 125) if seldom.filter(record("aiokafka.client", 7, at))]

    assert passed == [100, 110, 120]


def test_other_lines_and_our_own_always_pass() -> None:
    seldom = Seldom()
    seldom.filter(record("aiokafka.client", 7, 100.0))

    assert seldom.filter(record("aiokafka.client", 8, 100.0))
    assert all(seldom.filter(record("shared.stream.batch", 7, 100.0)) for _ in range(3))
