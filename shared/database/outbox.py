"""Records that must follow a closed claim, as the bytes that Postgres keeps."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from shared.stream.records import Outgoing


class _Packed(TypedDict):
    topic: str
    value: str
    partition: int | None
    key: str | None
    headers: dict[str, str]


_packed_records = TypeAdapter(list[_Packed])


def pack(outbox: Sequence[Outgoing]) -> bytes | None:
    """JSON with base64 in it; None for nothing."""
    return json.dumps([_pack(record) for record in outbox]).encode() if outbox else None


def unpack(packed: bytes | None) -> tuple[Outgoing, ...]:
    return () if packed is None else tuple(_unpack(record) for record in _packed_records.validate_json(packed))


def _pack(record: Outgoing) -> _Packed:
    return {
        "topic": record.topic,
        "value": _text(record.value),
        "partition": record.partition,
        "key": None if record.key is None else _text(record.key),
        "headers": {name: _text(value) for name, value in record.headers.items()},
    }


def _unpack(record: _Packed) -> Outgoing:
    return Outgoing(
        topic=record["topic"],
        value=b64decode(record["value"]),
        partition=record["partition"],
        key=None if record["key"] is None else b64decode(record["key"]),
        headers={name: b64decode(value) for name, value in record["headers"].items()},
    )


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")
