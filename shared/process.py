"""How every service's process begins and ends."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from shared import logs
from shared.errors import PermanentError, PointsmanError
from shared.settings import FleetSettings, read

S = TypeVar("S", bound=FleetSettings)


def serve(service: str, settings: type[S], run: Callable[[S], Coroutine[Any, Any, None]]) -> int:
    """Run a service until it ends; its exit code.

    0 after an orderly end, 2 when it can never start this way (see the last line of its log), 1 when it may later.
    """
    try:
        environment = read(settings)
        logs.configure(service, environment.instance, environment.log_level)
        _settle_memory()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(environment))
    except PointsmanError as error:
        print(f"{service}: {error}", file=sys.stderr)
        return 2 if isinstance(error, PermanentError) else 1
    return 0


def _settle_memory() -> None:
    """Leave what was imported out of every later collection: it stays, and looking through it stops the loop."""
    gc.collect()
    gc.freeze()
