import asyncio
from collections.abc import Sequence

import pytest

from pointsman import Client
from pointsman.client import Restart, Text
from shared.errors import ConfigurationError, RefusedError, TransientError, UnansweredError
from shared.messages import Query, Response
from shared.stream.records import Outgoing
from shared.topics import MAX_QUERY_BYTES
from tests.integration.client.conftest import Asked, Fleet


def echo(asked: Asked) -> Sequence[Outgoing]:
    return [asked.response()]


def silence(asked: Asked) -> Sequence[Outgoing]:
    return []


async def test_a_question_is_answered(client: Client, fleet: Fleet) -> None:
    async with fleet(echo):
        response = await client.ask("Two words?", timeout_s=60)

    assert response.text == "echo: Two words?"


async def test_the_first_of_two_responses_wins(client: Client, fleet: Fleet) -> None:
    def twice(asked: Asked) -> Sequence[Outgoing]:
        return [asked.response(text="first"), asked.response(text="second")]

    async with fleet(twice):
        responses = [await client.ask("Two words?", timeout_s=60) for _ in range(5)]

    assert [response.text for response in responses] == ["first"] * 5


async def test_a_refusal_of_another_record_is_ignored(client: Client, fleet: Fleet) -> None:
    def clash(asked: Asked) -> Sequence[Outgoing]:
        error = {"kind": "invalid", "message": "another record of the same id"}
        foreign = asked.response(origin="0-999999", status="refused", text=None, error=error, decision_id=None)
        return [foreign, asked.response()]

    async with fleet(clash):
        response = await client.ask("Two words?", timeout_s=60)

    assert response.status == "answered"


async def test_a_stream_shows_only_the_attempt_that_answered(client: Client, fleet: Fleet) -> None:
    def second_attempt(asked: Asked) -> Sequence[Outgoing]:
        return [
            asked.chunk(1, 0, "Tw"),
            asked.chunk(1, 1, "o "),
            asked.chunk(2, 0, "Deux "),
            asked.chunk(1, 2, "words"),
            asked.chunk(2, 1, "mots"),
            asked.response(text="Deux mots", attempt=2),
        ]

    async with fleet(second_attempt):
        events = [event async for event in client.stream("Two words?", timeout_s=60)]

    shown = ""
    for event in events:
        shown = "" if isinstance(event, Restart) else shown + event.text if isinstance(event, Text) else shown
    assert shown == "Deux mots"
    assert isinstance(events[-1], Response)
    assert "Tw" not in shown


async def test_five_hundred_questions_are_answered_in_order_with_few_under_way(client: Client, fleet: Fleet) -> None:
    prompts = [f"number {number}" for number in range(500)]

    async with fleet(echo):
        texts = [response.text async for response in client.ask_many(prompts, at_once=50)]

    assert texts == [f"echo: {prompt}" for prompt in prompts]


async def test_many_at_once_are_bounded(client: Client, fleet: Fleet) -> None:
    unanswered: list[Asked] = []
    most = 0

    def in_pairs(asked: Asked) -> Sequence[Outgoing]:
        nonlocal most
        unanswered.append(asked)
        most = max(most, len(unanswered))
        if len(unanswered) < 2:
            return []
        return [unanswered.pop().response(), unanswered.pop().response()]

    async with fleet(in_pairs):
        responses = [response async for response in client.ask_many(["x"] * 20, at_once=2)]

    assert len(responses) == 20
    assert most == 2


async def test_no_answer_in_time_says_what_is_known(client: Client, fleet: Fleet) -> None:
    async with fleet(silence):
        with pytest.raises(UnansweredError, match=r"in 1 s; the broker has it \(record \d+-\d+\)") as unanswered:
            await client.ask("Two words?", timeout_s=1)

    assert unanswered.value.query_id in str(unanswered.value)


async def test_a_query_asked_again_takes_the_answer_it_had(client: Client, fleet: Fleet, tenant: str) -> None:
    query = Query(query_id="again", tenant=tenant, prompt="Two words?")
    answered: list[Outgoing] = []

    def reproduce(asked: Asked) -> Sequence[Outgoing]:
        answered[1:] = []
        answered.append(asked.response())
        return answered[:1]

    async with fleet(reproduce):
        first = await client.ask(query, timeout_s=60)
        second = await client.ask(query, timeout_s=60)

    assert second == first


async def test_an_oversized_query_is_refused_before_it_is_sent(client: Client) -> None:
    with pytest.raises(RefusedError, match=f"{MAX_QUERY_BYTES:,}"):
        await client.ask("x" * MAX_QUERY_BYTES)


async def test_batch_queries_take_their_own_topic(client: Client) -> None:
    with pytest.raises(UnansweredError, match=r"record b\d+-\d+"):
        await client.ask("Two words?", batch=True, timeout_s=1)


async def test_two_clients_get_their_own_answers(broker: str, tenant: str, fleet: Fleet) -> None:
    async with fleet(echo), Client(broker, tenant=tenant) as one, Client(broker, tenant=tenant) as other:
        texts = await asyncio.gather(
            *(client.ask(name, timeout_s=60) for name, client in (("one", one), ("other", other)) for _ in range(20))
        )

    assert [response.text for response in texts] == ["echo: one"] * 20 + ["echo: other"] * 20


async def test_a_broker_that_is_away_is_named() -> None:
    with pytest.raises(TransientError, match="localhost:1"):
        async with Client("localhost:1"):
            pass


async def test_explaining_without_postgres_says_what_to_do(client: Client) -> None:
    with pytest.raises(ConfigurationError, match=r"Client\.find"):
        await client.explain("q")


async def test_feedback_that_says_two_things_is_refused(client: Client) -> None:
    with pytest.raises(RefusedError, match="exactly one"):
        await client.feedback("q", satisfied=True, quality=0.5)
