"""What a process says of itself over HTTP: /health, /ready, /metrics."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import JsonValue

from shared.files import write_whole

#: Whether all is well, and the details.
Report = Callable[[], tuple[bool, dict[str, JsonValue]]]


class HealthServer:
    """Answers 200 when all is well, else 503, with the details as JSON."""

    def __init__(self, health: Report, ready: Report, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._health = health
        self._ready = ready
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, file: Path | None) -> int:
        """Listen, on a free port when `port` is 0, and write the port to `file`; returns it."""
        app = web.Application()
        app.router.add_get("/health", self._answer(self._health))
        app.router.add_get("/ready", self._answer(self._ready))
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        taken: int = self._runner.addresses[0][1]
        if file is not None:
            write_whole(file, str(taken).encode())
        return taken

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _answer(self, report: Report) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(_: web.Request) -> web.StreamResponse:
            well, details = report()
            return web.json_response(details, status=200 if well else 503)

        return answer

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
