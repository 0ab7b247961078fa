import asyncio
from itertools import islice

import openai
import pytest

from services.simulator.planted import Planted
from services.simulator.profiles import CAST
from services.simulator.workload import tasks
from tests.integration.simulator.driver import LLM, Driver, text_of

PROMPT = "What is 2 + 3 * 4?"


async def test_a_whole_answer_has_text_usage_and_a_finish_reason(simulator: Driver) -> None:
    expected = Planted().answer(CAST[0], PROMPT)

    completion = await simulator.ask(PROMPT)

    assert completion.choices[0].message.content == expected.text
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == expected.response_tokens
    assert completion.usage.prompt_tokens == expected.prompt_tokens


async def test_a_stream_says_the_same_in_pieces_with_usage_last(simulator: Driver) -> None:
    await simulator.behave(speed=5)
    expected = Planted().answer(CAST[0], PROMPT)

    chunks = await simulator.stream(PROMPT, stream_options={"include_usage": True})

    assert text_of(chunks) == expected.text
    assert len([chunk for chunk in chunks if chunk.choices]) > 2
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == expected.response_tokens


async def test_a_stream_without_the_option_has_no_usage(simulator: Driver) -> None:
    chunks = await simulator.stream(PROMPT)

    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


async def test_each_llm_has_its_own_answer(simulator: Driver) -> None:
    texts = {(await simulator.ask(PROMPT, llm=profile.name)).choices[0].message.content for profile in CAST}

    assert len(texts) == len(CAST)


async def test_the_models_are_listed(simulator: Driver) -> None:
    assert [model.id async for model in simulator.client.models.list()] == [profile.name for profile in CAST]


async def test_an_answer_ends_at_max_tokens(simulator: Driver) -> None:
    whole = await simulator.ask(PROMPT, max_tokens=7)
    chunks = await simulator.stream(PROMPT, max_completion_tokens=7)

    assert whole.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "length"
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 7
    assert whole.choices[0].message.content == text_of(chunks)


async def test_only_the_last_user_turn_is_answered_in_parts_too(simulator: Driver) -> None:
    completion = await simulator.client.chat.completions.create(
        model=LLM,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is 1 + 1?"},
            {"role": "assistant", "content": "Answer: 2"},
            {"role": "user", "content": [{"type": "text", "text": PROMPT}]},
        ],
    )

    assert completion.choices[0].message.content == Planted().answer(CAST[0], PROMPT).text


async def test_an_unknown_model_is_not_found(simulator: Driver) -> None:
    with pytest.raises(openai.NotFoundError, match="plover-mini") as caught:
        await simulator.ask(PROMPT, llm="nobody")

    assert caught.value.code == "model_not_found"


async def test_a_request_that_makes_no_sense_is_refused_with_the_field(simulator: Driver) -> None:
    with pytest.raises(openai.BadRequestError, match="max_tokens"):
        await simulator.ask(PROMPT, max_tokens=-1)


async def test_a_prompt_beyond_the_context_window_is_refused(simulator: Driver) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await simulator.ask("word " * 40_000)

    assert caught.value.code == "context_length_exceeded"


async def test_no_more_calls_run_than_the_parallelism_and_all_are_answered_in_turn(simulator: Driver) -> None:
    await simulator.behave(parallelism=3, first_token_s=5)
    prompts = [task.prompt for task in islice(tasks(seed=9), 12)]

    await asyncio.gather(*(simulator.ask(prompt) for prompt in prompts))

    calls = (await simulator.books())["calls"]
    events = sorted(
        [(call["started_at"], 1) for call in calls] + [(call["ended_at"], -1) for call in calls],
        key=lambda event: event,
    )
    running = [sum(step for _, step in events[: place + 1]) for place in range(len(events))]
    assert len(calls) == 12
    assert max(running) == 3
    assert all(call["completed"] for call in calls)


async def test_hundreds_of_streams_run_at_once(simulator: Driver) -> None:
    await simulator.behave(parallelism=300, first_token_s=50)

    streams = await asyncio.gather(*(simulator.stream(PROMPT) for _ in range(300)))

    assert {text_of(chunks) for chunks in streams} == {Planted().answer(CAST[0], PROMPT).text}
    calls = (await simulator.books())["calls"]
    assert max(call["started_at"] for call in calls) < min(call["ended_at"] for call in calls)


async def test_the_books_tell_calls_apart_by_user_and_header(simulator: Driver) -> None:
    await simulator.ask(PROMPT, user="query-1")
    await simulator.ask(PROMPT, user="query-2")
    await simulator.ask(PROMPT, extra_headers={"x-client-request-id": "query-2"})

    assert (await simulator.books())["paid"] == 3
    assert [call["user"] for call in (await simulator.books(user="query-2"))["calls"]] == ["query-2"] * 2
