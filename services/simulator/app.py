"""Wires the simulator: where answers come from, the LLMs, the two APIs, and the files written at start."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import IO

from aiohttp import web

from services.simulator.answers import Answers
from services.simulator.calls import Calls
from services.simulator.control import Control
from services.simulator.descriptors import write_descriptors
from services.simulator.handler import Chat
from services.simulator.llm import Llm
from services.simulator.planted import Planted
from services.simulator.profiles import CAST, Profile
from services.simulator.settings import SimulatorSettings
from shared import logs
from shared.files import write_whole

#: Descriptors written of the planted cast where nobody says how many.
PLANTED_LLMS = 4
#: A conversation that no context window holds is refused by its tokens, not by the server's own limit.
_MAX_BODY_BYTES = 16 * 1024 * 1024


async def serve(settings: SimulatorSettings) -> None:
    """Run until SIGTERM or SIGINT."""
    log = logs.get("simulator")
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(settings) as base_url:
        log.info("the simulator listens", base_url=base_url)
        await stopped.wait()


@asynccontextmanager
async def running(settings: SimulatorSettings) -> AsyncIterator[str]:
    """A simulator that listens while the block runs; yields its base URL, `http://host:port/v1`."""
    with TemporaryFile() as texts:
        profiles, answers = await asyncio.to_thread(_source, settings, texts)
        async with _listening(settings, build(profiles, answers, settings.speed)) as port:
            base_url = f"http://{settings.host}:{port}/v1"
            _announce(settings, profiles, base_url, port)
            yield base_url


@asynccontextmanager
async def _listening(settings: SimulatorSettings, app: web.Application) -> AsyncIterator[int]:
    """The application on its address while the block runs; yields the port."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=1024)
        await site.start()
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()


def build(profiles: list[Profile], answers: Answers, speed: float) -> web.Application:
    """The web application of these LLMs."""
    llms = {profile.name: Llm(profile, speed) for profile in profiles}
    calls = Calls()
    chat, control = Chat(llms, answers, calls), Control(llms, calls)
    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.add_routes(
        [
            web.get("/health", _health),
            web.get("/v1/models", chat.models),
            web.post("/v1/chat/completions", chat.complete),
            web.get("/control/llms", control.all_llms),
            web.put("/control/llms", control.change_all),
            web.get("/control/llms/{name}", control.one_llm),
            web.put("/control/llms/{name}", control.change_one),
            web.get("/control/calls", control.calls),
        ]
    )
    return app


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def _source(settings: SimulatorSettings, texts: IO[bytes]) -> tuple[list[Profile], Answers]:
    if settings.data is None or settings.pool is None:
        return list(CAST), Planted(settings.seed)
    # pyarrow takes 60 MB, which planted skills do without.
    from services.simulator.replay import load

    return load(settings.data, settings.pool, texts)


def _announce(settings: SimulatorSettings, profiles: list[Profile], base_url: str, port: int) -> None:
    """Write the descriptors, then the port file: who sees the port finds the descriptors."""
    count = settings.llms or (PLANTED_LLMS if settings.data is None else len(profiles))
    if settings.descriptors is not None:
        write_descriptors(settings.descriptors, base_url, settings.speed, profiles[:count], profiles[count:])
    if settings.port_file is not None:
        write_whole(settings.port_file, str(port).encode())
