"""Topics and messages as an AsyncAPI document: `python -m pointsman.contracts` writes docs/asyncapi.json."""

import inspect
import json
import re
import sys
from pathlib import Path

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import models_json_schema

from shared import messages, topics
from shared.messages import DispatchNote, ExecutorCapacity, Message
from shared.topics import Topic

FILE = Path("docs/asyncapi.json")
Json = dict[str, JsonValue]

_ABOUT = """Topics and messages of the routing fleet. Users send `queries` and `feedback` and read `responses`.

Fields are only ever added, and readers ignore what they do not know. Records bear the broker's time (LogAppendTime).
Topics without a number of partitions have the fleet's home count."""
_SCHEMAS = "#/components/schemas/"
#: `capacity` carries two kinds of records, told apart by `kind`.
_KINDS: dict[str, tuple[type[Message], ...]] = {"Capacity": (ExecutorCapacity, DispatchNote)}
_FIELD = re.compile(r"((?: {4}#: .*\n)+) {4}(\w+):")
_DEAD = """Records that could not be handled: the original bytes on the same partition number. Headers say where from
(`dead-topic`, `dead-partition`, `dead-offset`), why (`dead-error`, `dead-message`), how often tried (`dead-tries`) and
by whom (`dead-instance`)."""


def asyncapi() -> Json:
    """The document, AsyncAPI 3.0, made from shared/topics.py and shared/messages alone."""
    listed = documented()
    names = sorted({topic.message for topic in listed})
    channels: Json = {_key(topic.name): _channel(topic) for topic in listed}
    operations: Json = {
        f"{_key(reader)}.{_key(topic.name)}": _operation(reader, topic) for topic in listed for reader in topic.readers
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Pointsman", "version": "1", "description": _ABOUT, "license": {"name": "Apache-2.0"}},
        "defaultContentType": "application/json",
        "channels": channels | {"dead": _dead_channel(listed)},
        "operations": operations,
        "components": {"messages": {name: _message(name) for name in names}, "schemas": _schemas(names)},
    }


def to_text(document: Json) -> str:
    """JSON that people can read and diff; every AsyncAPI tool takes it as well as YAML."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def documented() -> list[Topic]:
    """Every topic but the dead letters, those of an LLM with `{llm}` for its name."""
    lasting = topics.lasting()
    dead = {topics.dead(topic).name for topic in lasting}
    queues = [topics.dispatch("{llm}", 8, batch=batch) for batch in (False, True)]
    return [topic for topic in lasting if topic.name not in dead] + queues


def message_classes() -> list[type[Message]]:
    """Every message class of shared.messages."""
    listed = (getattr(messages, name) for name in messages.__all__)
    return [one for one in listed if inspect.isclass(one) and issubclass(one, Message) and one is not Message]


def _key(name: str) -> str:
    """A topic or a group as a key of the document, where braces are not allowed."""
    return name.removesuffix(".{llm}")


def _channel(topic: Topic) -> Json:
    kafka: Json = {"topic": topic.name, "topicConfiguration": _configuration(topic), "bindingVersion": "0.5.0"}
    if isinstance(topic.partitions, int) and "{" not in topic.name:
        kafka["partitions"] = topic.partitions
    channel: Json = {
        "address": topic.name,
        "messages": {topic.message: {"$ref": f"#/components/messages/{topic.message}"}},
        "bindings": {"kafka": kafka},
    }
    if "{llm}" in topic.name:
        channel["description"] = "The queue of one LLM: min(parallelism, 8) partitions."
        channel["parameters"] = {"llm": {"description": "Name of the LLM."}}
    return channel


def _configuration(topic: Topic) -> Json:
    """Retention as AsyncAPI's Kafka binding has it."""
    config = topic.config()
    kept: Json = {"cleanup.policy": [config["cleanup.policy"]], "max.message.bytes": int(config["max.message.bytes"])}
    return kept | ({"retention.ms": int(config["retention.ms"])} if "retention.ms" in config else {})


def _dead_channel(listed: list[Topic]) -> Json:
    lasting = topics.lasting()
    names: list[JsonValue] = [topic.name for topic in listed if topics.dead(topic) in lasting or "{" in topic.name]
    return {
        "address": "{topic}.dead",
        "description": _DEAD,
        "parameters": {"topic": {"enum": names}},
        "messages": {"letter": {"contentType": "application/octet-stream"}},
    }


def _operation(reader: str, topic: Topic) -> Json:
    """From the fleet's side: what users read it sends, all else its services receive."""
    return {
        "action": "send" if reader == "user" else "receive",
        "summary": f"{_key(reader)} reads {topic.name}",
        "channel": {"$ref": f"#/channels/{_key(topic.name)}"},
    }


def _message(name: str) -> Json:
    kinds = _KINDS.get(name)
    refs: list[JsonValue] = [{"$ref": _SCHEMAS + kind.__name__} for kind in kinds or ()]
    return {
        "name": name,
        "contentType": "application/json",
        "headers": {"type": "object", "properties": {"traceparent": {"type": "string", "description": "W3C trace."}}},
        "payload": {"$ref": _SCHEMAS + name} if kinds is None else {"oneOf": refs},
    }


def _schemas(names: list[str]) -> JsonValue:
    """JSON schemas of the messages and all that they contain."""
    by_name = {one.__name__: one for one in message_classes()}
    roots = [one for name in names for one in _KINDS.get(name, (by_name[name],) if name in by_name else ())]
    _, made = models_json_schema([(one, "validation") for one in roots], ref_template=_SCHEMAS + "{model}")
    schemas: dict[str, Json] = made["$defs"]
    for name, schema in schemas.items():
        if name in by_name:
            _explain(by_name[name], schema)
    return dict(sorted(schemas.items()))


def _explain(model: type[BaseModel], schema: Json) -> None:
    """Add what the source says above each field."""
    properties = schema["properties"]
    for comment, field in _FIELD.findall(inspect.getsource(model)):
        if isinstance(properties, dict) and isinstance(described := properties.get(field), dict):
            described["description"] = " ".join(line.strip(" #:") for line in comment.splitlines())


def main() -> None:
    """Write the document to the file named, else to docs/asyncapi.json."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    file.write_text(to_text(asyncapi()))


if __name__ == "__main__":
    main()
