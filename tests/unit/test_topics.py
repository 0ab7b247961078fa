import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.contracts import message_classes
from shared import topics
from shared.topics import MAX_MESSAGE_BYTES, MAX_QUERY_BYTES, MAX_REQUEST_BYTES

PARALLELISM = st.integers(1, 1024)


@given(PARALLELISM)
def test_slots_are_divided_evenly_over_all_partitions(parallelism: int) -> None:
    partitions = topics.dispatch("a", parallelism).partitions
    assert isinstance(partitions, int)

    slots = [topics.slots_of(parallelism, partition, partitions) for partition in range(partitions)]

    assert sum(slots) == parallelism
    assert min(slots) >= 1
    assert max(slots) - min(slots) <= 1


@given(PARALLELISM, st.integers(1, 64))
def test_slots_sum_to_the_parallelism_over_any_number_of_partitions(parallelism: int, partitions: int) -> None:
    assert sum(topics.slots_of(parallelism, number, partitions) for number in range(partitions)) == parallelism


@pytest.mark.parametrize(("parallelism", "partitions"), [(1, 1), (4, 4), (8, 8), (9, 8), (1024, 8)])
def test_a_queue_has_a_partition_per_slot_up_to_eight(parallelism: int, partitions: int) -> None:
    assert [topic.partitions for topic in topics.of_llm("a", parallelism)] == [partitions] * 4


@given(st.sampled_from(["queries", "queries-batch"]), st.integers(0, 500), st.integers(0, 2**40), st.integers(1, 200))
def test_a_query_has_a_home_that_exists(topic: str, partition: int, offset: int, count: int) -> None:
    origin = topics.origin_of(topic, partition, offset)

    assert 0 <= topics.home(origin, count) < count


def test_homes_never_move_between_versions() -> None:
    assert [topics.home(f"0-{offset}", 12) for offset in range(6)] == [9, 11, 9, 7, 4, 10]


def test_homes_are_spread_evenly() -> None:
    homes = [topics.home(f"3-{offset}", 12) for offset in range(12_000)]

    assert all(900 < homes.count(number) < 1100 for number in range(12))


def test_queries_of_the_two_topics_never_share_an_origin() -> None:
    assert topics.origin_of("queries", 3, 17) != topics.origin_of("queries-batch", 3, 17)


def test_no_two_topics_share_a_name() -> None:
    names = [topic.name for topic in (*topics.lasting(), *topics.of_llm("a", 4), *topics.of_llm("batch.a", 4))]

    assert len(set(names)) == len(names)


def test_every_topic_carries_a_declared_message() -> None:
    declared = {one.__name__ for one in message_classes()} | {"Capacity"}

    assert {topic.message for topic in (*topics.lasting(), *topics.of_llm("a", 4))} <= declared


def test_every_topic_bears_the_brokers_time() -> None:
    for topic in (*topics.lasting(), *topics.of_llm("a", 4)):
        assert topic.config()["message.timestamp.type"] == "LogAppendTime"


def test_a_topic_is_either_compacted_or_kept_for_a_while_in_six_segments() -> None:
    compacted = {topic.name for topic in topics.lasting() if topic.config()["cleanup.policy"] == "compact"}
    assert compacted == {"llms", "models"}
    for topic in topics.lasting():
        config = topic.config()
        if topic.retention_s is not None:
            assert config["cleanup.policy"] == "delete"
            assert int(config["retention.ms"]) == topic.retention_s * 1000 == 6 * int(config["segment.ms"])


def test_a_dead_letter_keeps_its_partition_number_for_thirty_days() -> None:
    letter = topics.dead(topics.ACCEPTED)

    assert (letter.name, letter.partitions, letter.retention_s) == ("accepted.dead", "home", 30 * 86_400)


def test_a_query_fits_into_what_is_made_of_it() -> None:
    assert 4 * MAX_QUERY_BYTES < MAX_REQUEST_BYTES < MAX_MESSAGE_BYTES
