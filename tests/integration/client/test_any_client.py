"""The examples of docs/clients.md, as they are printed there."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.messages import Feedback, Query, Response
from shared.stream.records import Outgoing
from tests.integration.client.conftest import Asked, Fleet

PAGE = (Path(__file__).parents[3] / "docs" / "clients.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def tenant() -> str:
    """The example names none."""
    return "default"


@pytest.fixture
def ask() -> Callable[[str, str], dict[str, Any]]:
    [source] = [example for example in examples("python") if "confluent_kafka" in example]
    namespace: dict[str, Any] = {}
    exec(compile(source, "docs/clients.md", "exec"), namespace)
    documented: Callable[[str, str], dict[str, Any]] = namespace["ask"]
    return documented


async def test_another_client_asks_with_json_and_a_topic(
    broker: str, fleet: Fleet, ask: Callable[[str, str], dict[str, Any]]
) -> None:
    def twice(asked: Asked) -> Sequence[Outgoing]:
        other = asked.response(query_id="another", text="not yours")
        return [other, asked.response(), asked.response(text="repeated")]

    async with fleet(twice):
        response = await asyncio.to_thread(ask, broker, "Two wörds?")

    assert response["text"] == "echo: Two wörds?"


def test_documented_queries_and_feedback_decode() -> None:
    query, response, feedback = examples("json")

    assert Query.decode(query.encode()).prompt == "Why is the sky blue?"
    assert Response.decode(response.encode()).status == "answered"
    assert [Feedback.decode(line.encode()).query_id for line in feedback.splitlines()] == ["a-unique-id"] * 3


def test_documented_fields_are_all_fields_of_a_query() -> None:
    [table] = re.findall(r"\| field \|.*?\n\n", PAGE, re.DOTALL)
    documented = {name for row in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}

    assert documented == set(Query.model_fields)


def test_documented_fields_of_a_response_exist() -> None:
    _, response, _ = examples("json")

    assert set(json.loads(response)) <= set(Response.model_fields)
