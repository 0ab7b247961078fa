"""Tags asked of a chat model over HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from pointsman.training.tagging.chat import ChatEndpoint, ChatTagger
from pointsman.training.tagging.tags import Tags
from services.simulator.app import running
from services.simulator.settings import SimulatorSettings
from shared.errors import ConfigurationError, PermanentError, TransientError
from tests.integration.simulator.driver import LLM


class Model:
    """Answers a prompt's own text; a number is answered as a status, once or for ever."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.authorization: str | None = None
        self.base_url = ""

    async def complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        self.authorization = request.headers.get("Authorization")
        self.calls[prompt] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        status, _, often = prompt.partition(" ")
        if status.isdigit() and (often != "once" or self.calls[prompt] == 1):
            return web.json_response({"error": {"message": "no"}}, status=int(status), headers={"retry-after-ms": "1"})
        text = '["busy before"]' if status.isdigit() else prompt
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return web.json_response(
            {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        )


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    model = Model()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.complete)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    model.base_url = f"http://{host}:{port}/v1"
    yield model
    await runner.cleanup()


async def tag(tagger: ChatTagger, prompts: list[str]) -> list[Tags]:
    return await asyncio.to_thread(tagger, prompts, lambda _done: None)


async def test_answers_become_tags_and_bad_ones_are_counted_and_give_none(model: Model, tmp_path: Path) -> None:
    tagger = ChatTagger(ChatEndpoint(model.base_url, "m"), tmp_path / "tags.sqlite")

    tags = await tag(
        tagger, ['["Algebra", "proof"]', "I would say algebra.", "400", '```json\n[{"tag": "Law"}]\n```', "[]"]
    )

    assert tags == [("algebra", "proof"), (), (), ("law",), ()]
    assert tagger.bad_answers == 2


async def test_nothing_is_asked_twice_but_what_was_answered_badly(model: Model, tmp_path: Path) -> None:
    endpoint, prompts = ChatEndpoint(model.base_url, "m"), ['["a"]', '["b"]', '["a"]', "nonsense"]
    await tag(ChatTagger(endpoint, tmp_path / "tags.sqlite"), prompts)

    again = await tag(ChatTagger(endpoint, tmp_path / "tags.sqlite"), prompts)

    assert again == [("a",), ("b",), ("a",), ()]
    assert model.calls == {'["a"]': 1, '["b"]': 1, "nonsense": 2}


async def test_a_busy_endpoint_is_asked_again(model: Model, tmp_path: Path) -> None:
    tags = await tag(ChatTagger(ChatEndpoint(model.base_url, "m"), tmp_path / "tags.sqlite"), ["503 once", "429 once"])

    assert tags == [("busy before",)] * 2


async def test_no_more_calls_than_allowed_run_at_once(model: Model, tmp_path: Path) -> None:
    endpoint = ChatEndpoint(model.base_url, "m", concurrency=3)

    await tag(ChatTagger(endpoint, tmp_path / "tags.sqlite"), [f'["{number}"]' for number in range(30)])

    assert model.most_at_once <= 3
    assert model.calls.total() == 30


@pytest.mark.parametrize(
    ("prompt", "kind", "says"),
    [
        ("503", TransientError, "run again"),
        ("401", ConfigurationError, "refuses"),
        ("404", ConfigurationError, "refuses"),
    ],
)
async def test_an_endpoint_that_stays_away_or_refuses_is_one_error_and_keeps_what_was_tagged(
    prompt: str, kind: type[PermanentError | TransientError], says: str, model: Model, tmp_path: Path
) -> None:
    endpoint = ChatEndpoint(model.base_url, "m", concurrency=1, retries=1)

    with pytest.raises(kind, match=says):
        await tag(ChatTagger(endpoint, tmp_path / "tags.sqlite"), ['["a"]', prompt])
    await tag(ChatTagger(endpoint, tmp_path / "tags.sqlite"), ['["a"]'])

    assert model.calls['["a"]'] == 1


async def test_the_key_is_read_from_its_file(model: Model, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-tag\n")
    endpoint = ChatEndpoint(model.base_url, "m", key_file=key)

    await tag(ChatTagger(endpoint, tmp_path / "tags.sqlite"), ['["a"]'])

    assert model.authorization == "Bearer sk-tag"
    with pytest.raises(ConfigurationError, match="--tagger-key-file"):
        await tag(ChatTagger(ChatEndpoint(model.base_url, "m", key_file=tmp_path / "none"), tmp_path / "t"), ["x"])


async def test_a_model_that_answers_instead_of_tagging_leaves_queries_untagged(tmp_path: Path) -> None:
    async with running(SimulatorSettings(speed=1000)) as base_url:
        tagger = ChatTagger(ChatEndpoint(base_url, LLM), tmp_path / "tags.sqlite")

        tags = await tag(tagger, ["What is 17 + 25?", "What is 3 + 4?"])

    assert tags == [(), ()]
    assert tagger.bad_answers == 2
