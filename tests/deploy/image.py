"""Images without an engine: only what an image installs and copies can be imported, and all but /tmp is read-only."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.manifests import ROOT, image_environment

#: Run by `sh -c` in namespaces of its own: everything read-only but $TMPDIR and $WRITABLE, and no capability left.
_CONFINED = """
set -e
for folder in "$WRITABLE" "$TMPDIR"; do mount --bind "$folder" "$folder"; done
mount -o remount,bind,ro /
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


def distributions(extra: str) -> set[str]:
    """The normalised names of all that an image of this extra installs, as far as it is installed here."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    found: set[str] = set()
    wanted = [(Requirement(text), "") for text in project["dependencies"]]
    wanted += [(Requirement(text), "") for text in project["optional-dependencies"][extra]]
    seen = set()
    while wanted:
        requirement, of = wanted.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": of}):
            continue
        for asked in ("", *requirement.extras):
            if (name, asked) in seen:
                continue
            seen.add((name, asked))
            if name == project["name"]:
                wanted += [(Requirement(text), "") for text in project["optional-dependencies"].get(asked, [])]
            else:
                found.add(name)
                wanted += [(Requirement(text), asked) for text in distribution(name).requires or []]
    return found


class Image:
    """One image's file system, as links to what is installed here."""

    def __init__(self, extra: str, folder: Path) -> None:
        self.extra = extra
        self._site, self._app = folder / extra / "site", folder / extra / "app"
        for part in (self._site, self._app):
            part.mkdir(parents=True)
        for source in _copied():
            (self._app / source).symlink_to(ROOT / source)
        for name in distributions(extra):
            for path in _top_level(name):
                link = self._site / path.name
                if not link.exists():
                    link.symlink_to(path)

    def command(self, arguments: list[str]) -> tuple[str, ...]:
        """`python -m …` in the image; what it may write is in $TMPDIR and $WRITABLE."""
        # -S: without the packages of this environment.
        python = (sys.executable, "-S", "-m", *arguments)
        unshare = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "--wd", str(self._app))
        return (*unshare, "sh", "-c", _CONFINED, "sh", *python)

    def environment(self) -> dict[str, str]:
        """The image's own, less where it is installed."""
        return image_environment() | {"PYTHONPATH": str(self._site), "PYTHONDONTWRITEBYTECODE": "1"}


def need_namespaces() -> None:
    """Skip where a process cannot be confined: no Linux, or not permitted."""
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("unshare and setpriv are not installed: images are not started here")
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    tried = subprocess.run(("unshare", "--mount", *user, "true"), capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"namespaces are not permitted, images are not started here: {tried.stderr.strip()}")


def _copied() -> list[str]:
    """What the Dockerfile copies from the repository."""
    return re.findall(r"^COPY (\w+) \1$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)


def _top_level(name: str) -> Iterator[Path]:
    installed = distribution(name)
    parts = {Path(file).parts[0] for file in installed.files or []} - {"..", "__pycache__"}
    for part in parts:
        yield Path(str(installed.locate_file(part)))
