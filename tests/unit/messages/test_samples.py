"""Records of today must decode for ever: a sample is added when a class is, and never changed afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from pointsman.contracts import message_classes
from shared.errors import PermanentError
from shared.messages import Message

SAMPLES = Path(__file__).parent / "samples"
CLASSES = message_classes()


def test_every_message_class_has_a_sample() -> None:
    assert {file.stem for file in SAMPLES.glob("*.json")} == {one.__name__ for one in CLASSES}


@pytest.mark.parametrize("message", CLASSES)
def test_a_sample_decodes_and_keeps_all_it_says(message: type[Message]) -> None:
    sample = read(message)

    encoded = json.loads(message.decode(json.dumps(sample).encode()).encode())

    for path, value in leaves(sample):
        assert at(encoded, path) == value, path


@pytest.mark.parametrize("message", CLASSES)
def test_unknown_fields_are_ignored(message: type[Message]) -> None:
    sample = read(message)

    newer = message.decode(json.dumps({**sample, "added_next_year": {"a": 1}}).encode())

    assert newer.model_dump(exclude={"added_next_year"}) == message.decode(json.dumps(sample).encode()).model_dump()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("message", CLASSES)
def test_nan_and_infinities_are_refused_wherever_a_number_stands(message: type[Message], number: str) -> None:
    for path, value in leaves(read(message)):
        # What is passed through as it came is judged where queries come in, by the embedder.
        if isinstance(value, float) and "parameters" not in path:
            sample = read(message)
            at(sample, path[:-1])[path[-1]] = float(number)

            with pytest.raises(PermanentError, match=str(path[-1]) if isinstance(path[-1], str) else ""):
                message.decode(json.dumps(sample).encode())


def read(message: type[Message]) -> dict[str, JsonValue]:
    sample: dict[str, JsonValue] = json.loads((SAMPLES / f"{message.__name__}.json").read_text())
    return sample


def leaves(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    """Every text, number, boolean and null of a JSON value, and where it stands."""
    if not isinstance(value, dict | list):
        yield path, value
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(inner, (*path, key))


def at(value: JsonValue, path: tuple[str | int, ...]) -> JsonValue:
    for key in path:
        value = value[key]  # type: ignore[index, call-overload]
    return value
