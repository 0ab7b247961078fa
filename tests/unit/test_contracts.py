from pathlib import Path

from pydantic import JsonValue

from pointsman.contracts import asyncapi, documented, message_classes, to_text
from shared import topics

FILE = Path(__file__).parents[2] / "docs" / "asyncapi.json"
DOCUMENT = asyncapi()


def test_the_committed_document_is_what_the_code_says() -> None:
    assert FILE.read_text() == to_text(DOCUMENT), "run `python -m pointsman.contracts` and commit docs/asyncapi.json"


def test_every_reference_leads_somewhere() -> None:
    referred = list(references(DOCUMENT))

    assert referred
    for reference in referred:
        found: JsonValue = DOCUMENT
        for key in reference.removeprefix("#/").split("/"):
            assert isinstance(found, dict)
            found = found[key]


def test_every_topic_is_a_channel_and_every_reader_an_operation() -> None:
    channels, operations = DOCUMENT["channels"], DOCUMENT["operations"]
    assert isinstance(channels, dict)
    assert isinstance(operations, dict)

    names = {topic.name for topic in topics.lasting() if not topic.name.endswith(".dead")}
    assert names | {"dispatch", "dispatch-batch", "dead"} == channels.keys()
    assert len(operations) == sum(len(topic.readers) for topic in documented())


def test_every_message_class_is_described() -> None:
    components = DOCUMENT["components"]
    assert isinstance(components, dict)
    schemas = components["schemas"]
    assert isinstance(schemas, dict)

    assert {one.__name__ for one in message_classes()} <= schemas.keys()


def test_what_the_code_says_above_a_field_is_its_description() -> None:
    text = to_text(DOCUMENT)

    assert "lambda of the method: how much quality is worth in units of the reference LLM's mean cost." in text


def references(value: JsonValue) -> list[str]:
    """Every `$ref` inside a value."""
    if isinstance(value, list):
        return [reference for inner in value for reference in references(inner)]
    if not isinstance(value, dict):
        return []
    own = value.get("$ref")
    inner = [reference for one in value.values() for reference in references(one)]
    return [own, *inner] if isinstance(own, str) else inner
