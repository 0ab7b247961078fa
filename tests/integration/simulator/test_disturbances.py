import asyncio
import json

import aiohttp
import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from services.simulator.planted import Planted
from services.simulator.profiles import CAST
from tests.integration.simulator.driver import LLM, Driver, text_of

PROMPT = "What is 2 + 3 * 4?"


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("rate_limit", openai.RateLimitError, "rate_limit_exceeded"),
        ("server_error", openai.InternalServerError, "server_error"),
        ("overloaded", openai.InternalServerError, "overloaded"),
        ("auth", openai.AuthenticationError, "invalid_api_key"),
        ("context_length", openai.BadRequestError, "context_length_exceeded"),
        ("content_filter", openai.BadRequestError, "content_filter"),
    ],
)
async def test_a_refusal_raises_the_sdks_error_and_is_not_paid(
    simulator: Driver, fault: str, error: type[openai.APIStatusError], code: str
) -> None:
    await simulator.behave(faults={fault: 1})

    for ask in (simulator.ask, simulator.stream):
        with pytest.raises(error) as caught:
            await ask(PROMPT)
        assert caught.value.code == code

    books = await simulator.books()
    assert (books["paid"], books["refused"]) == (0, {code: 2})


async def test_a_rate_limit_says_how_long_to_wait(simulator: Driver) -> None:
    await simulator.behave(faults={"rate_limit": 1}, retry_after_s=7)

    with pytest.raises(openai.RateLimitError) as caught:
        await simulator.ask(PROMPT)

    assert caught.value.response.headers["retry-after"] == "7"


async def test_faults_end_when_told_to(simulator: Driver) -> None:
    await simulator.behave(faults={"server_error": 1})
    with pytest.raises(openai.InternalServerError):
        await simulator.ask(PROMPT)

    await simulator.behave(faults={})

    assert (await simulator.ask(PROMPT)).choices[0].message.content


async def test_an_llm_that_never_answers_times_out_and_gives_its_slot_back(simulator: Driver) -> None:
    await simulator.behave(faults={"silence": 1}, parallelism=1)
    with pytest.raises(openai.APITimeoutError):
        await simulator.ask(PROMPT, timeout=0.3)
    await simulator.behave(faults={})

    assert (await simulator.ask(PROMPT)).choices[0].message.content

    first, second = (await simulator.books())["calls"]
    assert (first["completed"], second["completed"]) == (False, True)


async def test_a_stalled_stream_pauses_halfway_and_goes_on(simulator: Driver) -> None:
    await simulator.behave(faults={"stall": 1}, stall_s=0.4)
    clock = asyncio.get_running_loop().time
    started = clock()

    chunks = await simulator.stream(PROMPT)

    assert clock() - started >= 0.4
    assert text_of(chunks) == Planted().answer(CAST[0], PROMPT).text
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_a_stream_that_breaks_off_raises_after_half_of_the_text(simulator: Driver) -> None:
    whole = text_of(await simulator.stream(PROMPT))
    await simulator.behave(faults={"half_stream": 1}, speed=5)
    said: list[ChatCompletionChunk] = []

    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        await simulator.listen(PROMPT, said.append)

    assert len(whole) / 2 <= len(text_of(said)) < len(whole)
    assert whole.startswith(text_of(said))


async def test_a_whole_answer_that_breaks_off_raises(simulator: Driver) -> None:
    await simulator.behave(faults={"half_stream": 1})

    with pytest.raises(openai.APIConnectionError):
        await simulator.ask(PROMPT)


async def test_garbage_is_not_json(simulator: Driver) -> None:
    await simulator.behave(faults={"garbage": 1})

    for ask in (simulator.ask, simulator.stream):
        with pytest.raises((json.JSONDecodeError, openai.APIResponseValidationError, openai.APIError)):
            await ask(PROMPT)

    calls = (await simulator.books())["calls"]
    assert [call["completed"] for call in calls] == [False, False]


async def test_a_proxys_page_is_no_completion(simulator: Driver) -> None:
    await simulator.behave(faults={"html": 1})

    assert isinstance(await simulator.ask(PROMPT), str)
    assert await simulator.stream(PROMPT) == []


async def test_a_change_keeps_what_it_does_not_name(simulator: Driver) -> None:
    before = await simulator.behave()

    after = await simulator.behave(parallelism=9)

    assert after == before | {"parallelism": 9}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"llms/{LLM}", b'{"paralellism": 2}', 400),
        (f"llms/{LLM}", b"[1]", 400),
        ("llms", b'{"parallelism": 0}', 400),
        ("llms/nobody", b"{}", 404),
    ],
)
async def test_a_change_that_makes_no_sense_changes_nothing(
    simulator: Driver, path: str, body: bytes, status: int
) -> None:
    before = await simulator.behave()
    url = str(simulator.client.base_url).replace("/v1/", f"/control/{path}")

    async with aiohttp.ClientSession() as http, http.put(url, data=body) as reply:
        assert reply.status == status

    assert await simulator.behave() == before
