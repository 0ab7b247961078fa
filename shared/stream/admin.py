"""What is asked of the broker itself: topics, their partitions, and how far groups are."""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from shared.errors import ConfigurationError
from shared.stream.connections import administration, reading
from shared.topics import Topic

_TIMESTAMP_TYPE = "message.timestamp.type"
_COORDINATOR_S = 15.0


async def create_topics(kafka: str, topics: Sequence[Topic], home_partitions: int, replication: int = 1) -> None:
    """Create those that are missing; add partitions to those with too few where their number is their own.

    Home topics keep the count they have: check_topics() says whether it is the fleet's.
    """
    async with administration(kafka) as admin:
        new = [
            NewTopic(topic.name, topic.count(home_partitions), replication, topic_configs=topic.config())
            for topic in topics
        ]
        response = await admin.create_topics(new)
        for name, code, message in response.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise for_code(code)(f"topic {name} could not be created: {message}")
        await _grow(admin, topics)


async def check_topics(kafka: str, topics: Sequence[Topic], home_partitions: int) -> None:
    """Raise ConfigurationError when a topic is missing, has other partitions than expected or not broker time."""
    found = await partition_counts(kafka, [topic.name for topic in topics])
    for topic in topics:
        count = found.get(topic.name)
        if count is None:
            raise ConfigurationError(f"topic {topic.name} does not exist; create it with `python -m shared.ground`")
        if not topic.fits(count, home_partitions):
            setting = "; see POINTSMAN_HOME_PARTITIONS" if topic.partitions == "home" else ""
            expected = topic.count(home_partitions)
            raise ConfigurationError(f"topic {topic.name}: expected {expected} partitions, found {count}{setting}")
    await _check_broker_time(kafka, topics)


async def partition_counts(kafka: str, names: Sequence[str]) -> dict[str, int]:
    """Partitions per topic; topics that do not exist are left out."""
    async with administration(kafka) as admin:
        return await _counts(admin, names)


async def end_offsets(kafka: str, topic: str) -> dict[int, int]:
    """The offset after the last record, per partition; empty when the topic does not exist."""
    async with reading(kafka) as reader:
        places = await _places(kafka, [topic])
        return {place.partition: offset for place, offset in (await reader.end_offsets(places)).items()}


async def committed_offsets(kafka: str, group: str, topic: str) -> dict[int, int]:
    """What `group` has committed, per partition; partitions without a commit are left out."""
    committed = await _committed(kafka, group)
    return {place.partition: offset for place, offset in committed.items() if place.topic == topic}


async def lag(kafka: str, group: str, topics: Sequence[str]) -> dict[str, int]:
    """Records that `group` has not finished, per topic; all of a partition where it has no commit."""
    places = await _places(kafka, topics)
    committed = await _committed(kafka, group)
    async with reading(kafka) as reader:
        begins = await reader.beginning_offsets(places)
        ends = await reader.end_offsets(places)
    behind = dict.fromkeys(topics, 0)
    for place in places:
        behind[place.topic] += max(0, ends[place] - max(committed.get(place, 0), begins[place]))
    return behind


async def _grow(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    found = await _counts(admin, [topic.name for topic in topics])
    more = {
        topic.name: NewPartitions(topic.partitions)
        for topic in topics
        if topic.partitions != "home" and found.get(topic.name, topic.partitions) < topic.partitions
    }
    if more:
        await admin.create_partitions(more)


async def _counts(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    described = await admin.describe_topics(list(names))
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in described
        if topic["error_code"] != UnknownTopicOrPartitionError.errno and topic["partitions"]
    }


async def _committed(kafka: str, group: str) -> dict[TopicPartition, int]:
    """The offsets a group has committed; waits while a new broker makes the topic that groups are kept in."""
    deadline = time.monotonic() + _COORDINATOR_S
    async with administration(kafka) as admin:
        while True:
            try:
                committed = await admin.list_consumer_group_offsets(group)
            except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
            else:
                return {place: at.offset for place, at in committed.items() if at.offset >= 0}


async def _check_broker_time(kafka: str, topics: Sequence[Topic]) -> None:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name, {_TIMESTAMP_TYPE: None}) for topic in topics]
    async with administration(kafka) as admin:
        responses = await admin.describe_configs(resources)
    for response in responses:
        for _, _, _, name, entries in response.resources:
            kinds = {entry[0]: entry[1] for entry in entries}
            if kinds.get(_TIMESTAMP_TYPE) != "LogAppendTime":
                raise ConfigurationError(
                    f"topic {name}: expected {_TIMESTAMP_TYPE} LogAppendTime, found {kinds.get(_TIMESTAMP_TYPE)}"
                )


async def _places(kafka: str, topics: Sequence[str]) -> list[TopicPartition]:
    counts = await partition_counts(kafka, topics)
    return [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
