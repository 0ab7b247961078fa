"""A whole fleet as an operator runs it: the command, its state folder, its processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
from pydantic import JsonValue

from pointsman.local.state import Endpoints, ProcessEntry, State, find

#: Far more than a start or a training takes on a quiet machine.
PATIENCE_S = 600.0


def pointsman(*arguments: str, expect: int = 0, stdin: str | None = None) -> str:
    """Run the command; its standard output, or its error where it printed none. Fails on another exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "pointsman", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == expect, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout or done.stderr


class Fleet:
    """One fleet on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def up(self, *options: str) -> None:
        pointsman("up", "--detach", "--state", str(self.folder), *options)

    def down(self) -> None:
        pointsman("down", "--state", str(self.folder))

    def command(self, name: str, *arguments: str, expect: int = 0) -> str:
        return pointsman(*name.split(), *arguments, "--state", str(self.folder), expect=expect)

    @property
    def endpoints(self) -> Endpoints:
        return find(self.folder)

    def processes(self) -> dict[str, ProcessEntry]:
        return State(self.folder).processes()

    def kill(self, name: str) -> int:
        """SIGKILL one of the fleet's own processes; the pid it had."""
        pid = self.processes()[name].pid
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid

    async def until_back(self, name: str, former: int) -> None:
        """Return when `name` is ready again as another process."""
        async with asyncio.timeout(PATIENCE_S):
            while not self._is_back(name, former):
                await asyncio.sleep(0.2)

    def _is_back(self, name: str, former: int) -> bool:
        entry = self.processes()[name]
        return entry.status == "ready" and entry.pid not in (None, former)

    async def away(self, name: str, seconds: float) -> None:
        """Freeze one process, its children included, as a machine that is gone would be."""
        pid = self.processes()[name].pid
        frozen = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in frozen:
            process.suspend()
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in frozen:
                process.resume()


class Simulator:
    """The simulated LLMs' own side: how they behave, what they were paid for."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=base_url.removesuffix("/v1"), timeout=30)

    def behave(self, llm: str, **behaviour: JsonValue) -> None:
        self._client.put(f"/control/llms/{llm}", json=behaviour).raise_for_status()

    def behave_all(self, **behaviour: JsonValue) -> None:
        self._client.put("/control/llms", json=behaviour).raise_for_status()

    def calls(self) -> list[dict[str, JsonValue]]:
        """Every paid call: id, llm, user (the decision's id), started_at, ended_at, completed."""
        llms = json.loads(self._client.get("/control/calls").text)["llms"]
        return [call for llm in llms.values() for call in llm["calls"]]

    def busiest(self) -> str:
        """The LLM with most calls running and waiting; returns when there is one."""
        while True:
            llms = self._client.get("/control/calls").json()["llms"]
            name = max(llms, key=lambda llm: llms[llm]["running"] + llms[llm]["waiting"])
            if llms[name]["running"]:
                return str(name)
            time.sleep(0.1)

    def close(self) -> None:
        self._client.close()


def free_of_children(folder: Path, deadline_s: float = 30) -> bool:
    """Whether no process that belongs to the fleet of `folder` is left."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if not [one for one in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(one.info["cmdline"] or [])]:
            return True
        time.sleep(0.2)
    return False
