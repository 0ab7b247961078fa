"""Runs the fitting in a process of its own: neither its memory nor its modules stay with the trainer."""

import asyncio
import sys

from services.trainer.fitting.card import Candidate
from services.trainer.fitting.order import Order
from shared.errors import PermanentError, TransientError

_PERMANENT = 2


async def fit(order: Order, limit_s: float) -> Candidate:
    """The stored head.

    Raises PermanentError when these rows make none, TransientError when the process failed, was killed or took longer
    than `limit_s`. Cancelled, it ends the process.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.trainer.fitting",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(limit_s):
            output, errors = await _converse(process, order)
    except TimeoutError as error:
        raise TransientError(f"expected a head of {order.llm} within {limit_s:.0f} s, there is none") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return Candidate.model_validate_json(_last_line(output))
    if process.returncode == _PERMANENT:
        raise PermanentError(_last_line(errors))
    raise TransientError(
        f"the fitting of {order.llm} ended with code {process.returncode}: {_last_line(errors) or 'it said nothing'}"
    )


async def _converse(process: asyncio.subprocess.Process, order: Order) -> tuple[bytes, bytes]:
    """All it wrote; its input stays open until it has ended, as it would end with that."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise TransientError("expected pipes to the fitting process, there are none")
    process.stdin.write(order.model_dump_json().encode() + b"\n")
    output, errors = await asyncio.gather(process.stdout.read(), process.stderr.read())
    await process.wait()
    return output, errors


def _last_line(text: bytes) -> str:
    return next((line for line in reversed(text.decode(errors="replace").splitlines()) if line.strip()), "")
