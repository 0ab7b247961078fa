"""Lines of a text file, none of them too long to hold."""

from collections.abc import Iterator
from pathlib import Path

from pointsman.importing.records import Told
from shared.errors import PermanentError

#: No answer is this long: a file with a longer line is not one of lines.
LONGEST = 64 << 20
_TELL_EVERY = 1 << 20


def read_lines(file: Path, told: Told) -> Iterator[str]:
    """Every line with its end; bytes that are no UTF-8 become lone surrogates, which no text may hold."""
    total = max(1, file.stat().st_size)
    read = due = 0
    with file.open("rb") as lines:
        while line := lines.readline(LONGEST + 1):
            if len(line) > LONGEST:
                raise PermanentError(f"{file}: expected lines, got more than {LONGEST >> 20} MiB without an end")
            first, read = read == 0, read + len(line)
            if read >= due:
                told(read / total)
                due = read + _TELL_EVERY
            yield line.decode("utf-8-sig" if first else "utf-8", errors="surrogateescape")
    told(1.0)
