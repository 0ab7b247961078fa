"""JSON values as YAML a person can read; only writing, so no library is needed."""

import json
import re
from collections.abc import Iterator

from pydantic import JsonValue

#: Keys and texts that mean themselves without quotes, in any version of YAML.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*( [A-Za-z0-9_.-]+)*")
_WORDS_WITH_A_MEANING = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def to_yaml(value: JsonValue) -> str:
    """The value in block style, keys in their order.

    >>> print(to_yaml({"a": [1, {"b": "x: y"}], "c": {}}), end="")
    a:
      - 1
      -
        b: "x: y"
    c: {}
    """
    return "\n".join(_block(value, "")) + "\n"


def _block(value: JsonValue, indent: str) -> Iterator[str]:
    """The lines of a value that is not empty."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _entry(f"{indent}{_text(key)}:", inner, indent)
    elif isinstance(value, list):
        for inner in value:
            yield from _entry(f"{indent}-", inner, indent)
    else:
        yield indent + _scalar(value)


def _entry(head: str, value: JsonValue, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from _block(value, indent + "  ")
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: JsonValue) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_WITH_A_MEANING
    return text if plain else json.dumps(text, ensure_ascii=False)
