"""A fleet of its own for a script: `pointsman up` in a folder that is removed afterwards."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pointsman.local.state import Endpoints, State


@contextmanager
def local_fleet(llms: int, replicas: Mapping[str, int]) -> Iterator[State]:
    """Start a fleet with `llms` simulated LLMs; raises CalledProcessError when it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="pointsman-bench-"))
    counts = [f"--replicas={service}={count}" for service, count in replicas.items()]
    try:
        _pointsman("up", "--detach", f"--state={folder}", f"--simulate={llms}", *counts)
        try:
            yield State(folder)
        finally:
            _pointsman("down", f"--state={folder}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export(fleet: Endpoints, depth: int) -> None:
    """Have the fleet embed with the first `depth` layers; raises CalledProcessError when they cannot be exported."""
    addresses = f"--artifacts={fleet.artifacts}", f"--postgres={fleet.postgres}", f"--kafka={fleet.kafka}"
    command = (sys.executable, "-m", "services.embedder.export", *addresses, f"--depth={depth}")
    subprocess.run(command, check=True)


def _pointsman(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pointsman", *arguments], check=True)
