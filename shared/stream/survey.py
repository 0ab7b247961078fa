"""What a broker has: topics, their settings, and how far every group is with them."""

from collections import defaultdict
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.stream.connections import administration, reading

#: Kafka's own topics.
_INTERNAL = "__"
_SETTINGS = ("cleanup.policy", "retention.ms", "message.timestamp.type")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One topic as the broker has it."""

    name: str
    partitions: int
    #: Offsets between begin and end: of a compacted topic more than there are records.
    records: int
    #: None: compacted.
    retention_s: int | None
    #: Append times are the broker's.
    broker_time: bool
    #: Records not finished, by group.
    lag: dict[str, int]


async def survey(kafka: str) -> list[Surveyed]:
    """Every topic but Kafka's own, by name; raises TransientError when the broker is away."""
    async with administration(kafka) as admin:
        counts = await _counts(admin)
        settings = await _settings(admin, list(counts))
        committed = await _committed(admin)
    begins, ends = await _spans(kafka, counts)
    return [
        Surveyed(
            name=name,
            partitions=counts[name],
            records=sum(ends[place] - begins[place] for place in ends if place.topic == name),
            retention_s=_retention_s(settings[name]),
            broker_time=settings[name]["message.timestamp.type"] == "LogAppendTime",
            lag={group: _lag(name, at, begins, ends) for group, at in sorted(committed[name].items())},
        )
        for name in sorted(counts)
    ]


async def _counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    described = await admin.describe_topics()
    return {topic["topic"]: len(topic["partitions"]) for topic in described if not topic["topic"].startswith(_INTERNAL)}


async def _settings(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(_SETTINGS)) for name in names]
    responses = await admin.describe_configs(asked) if asked else []
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for _, _, _, name, entries in response.resources
    }


async def _committed(admin: AIOKafkaAdminClient) -> dict[str, dict[str, dict[TopicPartition, int]]]:
    """By topic and group: the offset committed of each partition."""
    found: dict[str, dict[str, dict[TopicPartition, int]]] = defaultdict(lambda: defaultdict(dict))
    for group, *_ in await admin.list_consumer_groups():
        for place, at in (await admin.list_consumer_group_offsets(group)).items():
            if at.offset >= 0:
                found[place.topic][group][place] = at.offset
    return found


async def _spans(kafka: str, counts: dict[str, int]) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    places = [TopicPartition(name, number) for name, count in counts.items() for number in range(count)]
    async with reading(kafka) as reader:
        return await reader.beginning_offsets(places), await reader.end_offsets(places)


def _lag(
    name: str,
    committed: dict[TopicPartition, int],
    begins: dict[TopicPartition, int],
    ends: dict[TopicPartition, int],
) -> int:
    """All of a partition where the group has no commit."""
    of_topic = (place for place in ends if place.topic == name)
    return sum(max(0, ends[place] - max(committed.get(place, 0), begins[place])) for place in of_topic)


def _retention_s(settings: dict[str, str]) -> int | None:
    return None if "compact" in settings["cleanup.policy"] else int(settings["retention.ms"]) // 1000
