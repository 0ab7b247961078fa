"""What replicas are counted by, against what the services read."""

import pytest

from services.decision import app as decision
from services.decision.settings import DecisionSettings
from services.embedder import app as embedder
from services.embedder.settings import EmbedderSettings
from shared import topics
from shared.settings import FleetSettings
from shared.topics import Topic
from tests.deploy.manifests import K8S, LLMS, Document, env_file, kustomize, of_kind

HOME_PARTITIONS = FleetSettings().home_partitions


@pytest.fixture(scope="module")
def scaled() -> dict[str, Document]:
    documents = kustomize(K8S / "overlays" / "production")
    return {one["metadata"]["name"]: one["spec"] for one in of_kind(documents, "ScaledObject")}


def test_lag_is_that_of_a_group_on_a_topic_that_it_reads(scaled: dict[str, Document]) -> None:
    for name, spec in scaled.items():
        for trigger in spec["triggers"]:
            topic, group = _topic(trigger["metadata"]["topic"]), trigger["metadata"]["consumerGroup"]
            assert trigger["type"] == "kafka"
            assert {group, group.split(".")[0]} & set(topic.readers), name
            assert int(trigger["metadata"]["lagThreshold"]) > 0


def test_groups_are_those_that_the_services_join(scaled: dict[str, Document]) -> None:
    groups = {name: spec["triggers"][0]["metadata"]["consumerGroup"] for name, spec in scaled.items()}

    assert groups.pop("embedder") == embedder._lane(EmbedderSettings()).group
    assert groups.pop("decision") == decision._lane(DecisionSettings()).group
    assert groups == {f"{kind}-{llm}": f"{kind}.{llm}" for kind in ("executor", "predictor") for llm in LLMS}


def test_there_are_no_more_replicas_than_partitions(scaled: dict[str, Document]) -> None:
    for spec in scaled.values():
        topic = _topic(spec["triggers"][0]["metadata"]["topic"])
        most = 8 if topic.name.startswith("dispatch.") else HOME_PARTITIONS
        assert spec["maxReplicaCount"] == most
        assert 1 <= spec["minReplicaCount"] <= topic.count(HOME_PARTITIONS)


def test_lag_is_asked_of_the_broker_that_the_pod_is_told(scaled: dict[str, Document]) -> None:
    for spec in scaled.values():
        metadata = spec["triggers"][0]["metadata"]
        assert metadata["bootstrapServersFromEnv"] == "POINTSMAN_KAFKA"
        # KEDA's default speaks a protocol that Kafka 4 no longer does.
        assert int(metadata["version"].split(".")[0]) >= 3


def _topic(name: str) -> Topic:
    """The topic as the code knows it; KeyError when it does not."""
    known = {topic.name: topic for topic in topics.lasting()}
    for llm in LLMS:
        descriptor = env_file(K8S / "llms" / llm / "llm.env")
        queue = topics.dispatch(llm, int(descriptor["POINTSMAN_LLM_PARALLELISM"]))
        known[queue.name] = queue
    return known[name]
