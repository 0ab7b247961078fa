"""One call against a real HTTP server that behaves as badly as real ones do."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.executor.call import ask
from services.executor.endpoint import Endpoint, EndpointSettings, Request
from services.executor.failures import CallFailedError, Failure
from services.executor.pieces import Answer, Reading
from shared.messages import Llm, Query
from tests.integration.executor.bench import until
from tests.integration.executor.endpoint import KEY, FakeEndpoint, running

TLS = ssl.create_default_context()


@pytest.fixture
async def server() -> AsyncIterator[FakeEndpoint]:
    async with running() as endpoint:
        yield endpoint


class Caller:
    """Calls one endpoint, and keeps the pieces of the last answer."""

    def __init__(self, base_url: str, settings: EndpointSettings, key_file: str | None = None) -> None:
        self.pieces: list[str] = []
        llm = Llm(
            name="small",
            base_url=base_url,
            model="small-1",
            api_key_file=key_file,
            usd_per_mtok_input=1,
            usd_per_mtok_output=2,
            context_tokens=1000,
        )
        self.endpoint = Endpoint(llm, settings, TLS)

    async def ask(self, query: Query | str) -> Answer:
        query = Query(query_id="q", prompt=query) if isinstance(query, str) else query
        request = Request("small-1", query, "decision-1")
        return await ask(self.endpoint, request, Reading(), self.pieces.append, 0.0)

    async def failure(self, prompt: str) -> Failure:
        with pytest.raises(CallFailedError) as caught:
            await self.ask(prompt)
        return caught.value.failure


@pytest.fixture
async def caller(server: FakeEndpoint, tmp_path: Path) -> AsyncIterator[Caller]:
    caller = Caller(server.base_url, EndpointSettings(tmp_path, first_token_s=30, stall_s=30))
    yield caller
    await caller.endpoint.close()


async def test_an_answer_comes_with_its_pieces_and_usage(caller: Caller, server: FakeEndpoint) -> None:
    answer = await caller.ask("answer")

    assert (answer.text, answer.finish_reason, answer.tool_calls) == ("Four.", "stop", None)
    assert (answer.prompt_tokens, answer.response_tokens) == (7, 2)
    assert [text for text in caller.pieces if text] == ["Four", "."]
    assert 0 < answer.first_token_s <= answer.total_s
    assert server.body["stream_options"] == {"include_usage": True}


async def test_a_call_bears_its_decision_for_the_provider(caller: Caller, server: FakeEndpoint) -> None:
    await caller.ask("answer")

    assert server.request_id == "decision-1"


async def test_parameters_pass_through_except_ours(caller: Caller, server: FakeEndpoint) -> None:
    parameters = {"max_tokens": 5, "top_k": 3, "model": "dearer", "stream": False, "extra_headers": {"x": "y"}}
    query = Query.model_validate({"query_id": "q", "prompt": "answer", "parameters": parameters})

    await caller.ask(query)

    assert server.body["model"] == "small-1"
    assert server.body["stream"] is True
    assert (server.body["max_tokens"], server.body["top_k"]) == (5, 3)
    assert server.body["extra_headers"] == {"x": "y"}


async def test_a_conversation_is_sent_as_it_came(caller: Caller, server: FakeEndpoint) -> None:
    turns = [{"role": "system", "content": "Be brief.", "name": "boss"}, {"role": "user", "content": "answer"}]

    await caller.ask(Query.decode(json.dumps({"query_id": "q", "messages": turns}).encode()))

    assert server.body["messages"] == turns


async def test_tool_calls_are_joined_from_their_pieces(caller: Caller) -> None:
    answer = await caller.ask("tools")

    assert answer.tool_calls is not None
    assert json.loads(answer.tool_calls) == [
        {"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    ]


async def test_no_usage_reported_is_said(caller: Caller) -> None:
    answer = await caller.ask("unreported")

    assert (answer.prompt_tokens, answer.response_tokens, answer.pieces) == (None, None, 2)


async def test_halves_of_characters_are_joined_or_replaced(caller: Caller) -> None:
    answer = await caller.ask("surrogates")

    assert answer.text == "\U0001f600 \ufffd"


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("status 500", "server_error"),
        ("status 503", "overloaded"),
        ("status 429", "rate_limited"),
        ("status 429 insufficient_quota", "quota"),
        ("status 401", "auth"),
        ("status 403", "auth"),
        ("status 403 content_policy_violation", "content_refused"),
        ("status 404", "no_such_model"),
        ("status 408", "timeout"),
        ("status 400", "bad_request"),
        ("status 400 context_length_exceeded", "context_too_long"),
        ("status 400 content_filter", "content_refused"),
        ("status 302", "garbage"),
        ("html", "garbage"),
        ("json", "garbage"),
        ("empty", "garbage"),
        ("choiceless", "garbage"),
        ("noise", "garbage"),
        ("list", "garbage"),
        ("half", "garbage"),
        ("cut", "unreachable"),
        ("event", "server_error"),
        ("filtered", "content_refused"),
        ("endless", "oversized"),
    ],
)
async def test_each_way_to_fail_has_its_kind(caller: Caller, prompt: str, kind: str) -> None:
    failure = await caller.failure(prompt)

    assert failure.kind == kind


async def test_the_wait_a_provider_asks_for_is_read(caller: Caller) -> None:
    assert (await caller.failure("busy")).retry_after_s == 0.05


@pytest.mark.parametrize("prompt", ["silent", "stall"])
async def test_silence_is_a_timeout(server: FakeEndpoint, tmp_path: Path, prompt: str) -> None:
    caller = Caller(server.base_url, EndpointSettings(tmp_path, first_token_s=0.5, stall_s=0.2))

    failure = await caller.failure(prompt)

    assert failure.kind == "timeout"
    await caller.endpoint.close()


async def test_nobody_listening_is_unreachable(tmp_path: Path, unused_tcp_port: int) -> None:
    caller = Caller(f"http://127.0.0.1:{unused_tcp_port}/v1", EndpointSettings(tmp_path))

    assert (await caller.failure("answer")).kind == "unreachable"
    await caller.endpoint.close()


async def test_the_key_is_read_for_each_call_and_never_repeated(server: FakeEndpoint, tmp_path: Path) -> None:
    caller = Caller(server.base_url, EndpointSettings(tmp_path), key_file="small.key")
    missing = await caller.failure("key")
    (tmp_path / "small.key").write_text("sk-wrong\n")
    wrong = await caller.failure("key")
    (tmp_path / "small.key").write_text(f"{KEY}\n")

    answer = await caller.ask("key")

    assert answer.text == "Four."
    assert (missing.kind, wrong.kind) == ("auth", "auth")
    assert "sk-wrong" not in wrong.message
    await caller.endpoint.close()


async def test_without_a_key_file_no_authorization_is_sent(
    caller: Caller, server: FakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-elses")

    await caller.ask("answer")

    assert server.authorization is None


async def test_a_key_outside_the_folder_is_refused(server: FakeEndpoint, tmp_path: Path) -> None:
    caller = Caller(server.base_url, EndpointSettings(tmp_path), key_file="../secret")

    assert (await caller.failure("key")).kind == "auth"
    assert server.total == 0
    await caller.endpoint.close()


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ((), False),
        (("http://127.0.0.1:1/v1",), False),
        (("http://127.0.0.1:1/",), False),
        (("http://127.0.0.1:1/v",), True),
        (("http://127.0.0.1",), True),
        (("http://127.0.0.1:1/v1/chat",), True),
    ],
)
def test_base_urls_are_held_to_the_list(tmp_path: Path, allowed: tuple[str, ...], refused: bool) -> None:
    settings = replace(EndpointSettings(tmp_path), allowed_base_urls=allowed)

    endpoint = Caller("http://127.0.0.1:1/v1", settings).endpoint

    assert (endpoint.refusal is not None) == refused


def test_a_base_url_cannot_climb_out_of_the_list(tmp_path: Path) -> None:
    settings = EndpointSettings(tmp_path, allowed_base_urls=("http://127.0.0.1:1/v1",))

    assert Caller("http://127.0.0.1:1/v1/../admin", settings).endpoint.refusal is not None


async def test_connections_are_reused_after_an_answer_and_after_a_cut(server: FakeEndpoint, tmp_path: Path) -> None:
    caller = Caller(server.base_url, EndpointSettings(tmp_path))
    for _ in range(20):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await caller.ask("hold")

    answer = await caller.ask("answer")

    assert answer.text == "Four."
    await caller.endpoint.close()


async def test_an_endpoint_is_in_use_until_its_answer_ended(caller: Caller, server: FakeEndpoint) -> None:
    asking = asyncio.create_task(caller.ask("hold"))
    await until(lambda: server.total == 1)

    during = caller.endpoint.is_idle
    server.released.set()
    await asking

    assert (during, caller.endpoint.is_idle) == (False, True)
