"""Runs a fleet until somebody tells this process to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pointsman.local.fleet import Fleet, running
from pointsman.local.options import FleetOptions
from pointsman.local.settings import LocalSettings

_TOLD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_told(
    options: FleetOptions, report: Callable[[str], None], meanwhile: Callable[[], Awaitable[object]]
) -> None:
    """Run the fleet, and `meanwhile` once it is ready; a second signal kills what does not stop."""
    fleet = Fleet(options, LocalSettings(), report)
    work = asyncio.create_task(_run(fleet, meanwhile))
    told = False

    def tell() -> None:
        nonlocal told
        if told:
            fleet.kill()
        else:
            work.cancel()
        told = True

    for each in _TOLD:
        asyncio.get_running_loop().add_signal_handler(each, tell)
    with suppress(asyncio.CancelledError):
        await work


async def _run(fleet: Fleet, meanwhile: Callable[[], Awaitable[object]]) -> None:
    async with running(fleet):
        await meanwhile()
