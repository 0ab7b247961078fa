from dataclasses import replace

from pointsman.command.topics import problems
from shared.stream.survey import Surveyed
from shared.topics import DAY_S, LLMS, QUERIES, dispatch

FOUND = Surveyed("queries", partitions=4, records=0, retention_s=DAY_S, broker_time=True, lag={})


def test_a_topic_as_it_must_be_has_no_problem() -> None:
    assert problems([FOUND], [QUERIES], home_partitions=4) == {}


def test_a_missing_topic_is_a_problem() -> None:
    assert problems([], [QUERIES], home_partitions=4) == {"queries": "is missing"}


def test_a_home_topic_has_exactly_the_home_partitions() -> None:
    wrong = problems([replace(FOUND, partitions=5)], [QUERIES], home_partitions=4)

    assert wrong == {"queries": "expected 4 partitions, found 5"}


def test_a_queue_may_have_more_partitions_than_its_llm_needs_but_not_fewer() -> None:
    queue = dispatch("small", parallelism=3)
    more, fewer = (replace(FOUND, name=queue.name, partitions=count) for count in (4, 2))

    assert problems([more], [queue], home_partitions=4) == {}
    assert problems([fewer], [queue], home_partitions=4) == {"dispatch.small": "expected 3 partitions, found 2"}


def test_other_retention_and_other_clocks_are_problems() -> None:
    compacted = replace(FOUND, name="llms", partitions=1, retention_s=3600)
    local_time = replace(FOUND, broker_time=False)

    assert problems([compacted], [LLMS], 4) == {"llms": "expected to be kept newest, found 1 h"}
    assert problems([local_time], [QUERIES], 4) == {"queries": "expected message.timestamp.type LogAppendTime"}
