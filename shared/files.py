"""Files that others may read at any moment."""

from pathlib import Path


def write_whole(file: Path, content: bytes, mode: int = 0o666) -> None:
    """Write so that readers see the old file or the new one, never half of it; `mode` is less the umask."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.touch(mode)
    fresh.write_bytes(content)
    fresh.replace(file)
