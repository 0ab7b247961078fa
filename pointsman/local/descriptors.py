"""The LLMs of a fleet on this machine: one env file each in the state folder, which the fleet watches."""

from pathlib import Path

from dotenv import dotenv_values

from shared.errors import ConfigurationError
from shared.files import write_whole

NAME = "POINTSMAN_LLM_NAME"


def read(file: Path) -> dict[str, str]:
    """The variables of a descriptor; raises ConfigurationError when it names no LLM."""
    values = dotenv_values(file, interpolate=False)
    if not values.get(NAME):
        raise ConfigurationError(f"{file}: expected {NAME}=<name> in an LLM's descriptor, found none")
    return {key: value for key, value in values.items() if value is not None}


def watched(folder: Path) -> dict[str, Path]:
    """The descriptors in a folder by file name without `.env`."""
    return {file.stem: file for file in sorted(folder.glob("*.env"))}


def install(source: Path, folder: Path, *, known_only: bool) -> None:
    """Copy the descriptors of `source`; with `known_only`, just those that are there already.

    A fleet that is started again keeps the LLMs that were added and removed meanwhile.
    """
    files = watched(source)
    if not files:
        raise ConfigurationError(f"{source}: expected one *.env file for each LLM, found none")
    names = [read(file)[NAME] for file in files.values()]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigurationError(f"{source}: more than one descriptor names {', '.join(sorted(twice))}")
    for name, file in zip(names, files.values(), strict=True):
        if not known_only or (folder / f"{name}.env").exists():
            put(file, folder, name)


def put(file: Path, folder: Path, llm: str) -> None:
    """Copy an LLM's descriptor into the folder that the fleet watches."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{llm}.env", file.read_bytes())
