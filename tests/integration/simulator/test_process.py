import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

DEADLINE_S = 60


async def test_the_process_writes_its_port_and_descriptors_and_ends_on_sigterm(tmp_path: Path) -> None:
    port_file, descriptors = tmp_path / "port", tmp_path / "llms"
    options = ("--port-file", str(port_file), "--descriptors", str(descriptors), "--llms", "2")
    process = await start(*options)

    try:
        async with asyncio.timeout(DEADLINE_S):
            while not port_file.exists():
                assert process.returncode is None
                await asyncio.sleep(0.05)
        port = port_file.read_text()
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/health") as reply:
            assert reply.status == 200
        assert sorted(file.stem for file in descriptors.glob("*.env")) == ["finch-code", "plover-mini"]
        assert f"http://127.0.0.1:{port}/v1" in (descriptors / "finch-code.env").read_text()
    finally:
        process.send_signal(signal.SIGTERM)

    async with asyncio.timeout(DEADLINE_S):
        assert await process.wait() == 0


@pytest.mark.parametrize(
    ("options", "named"),
    [(("--port", "70000"), "port"), (("--data", "nowhere"), "data and pool"), (("--speed", "0"), "speed")],
)
async def test_options_that_make_no_sense_are_named(options: tuple[str, ...], named: str) -> None:
    process = await start(*options)

    async with asyncio.timeout(DEADLINE_S):
        _, errors = await process.communicate()

    assert process.returncode == 1
    assert named in errors.decode()


async def start(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.simulator",
        *options,
        env=dict(os.environ),
        stderr=asyncio.subprocess.PIPE,
    )
