"""One process at a time: a lock file that says who holds it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from shared.errors import PermanentError


@contextmanager
def held(lock: IO[str], taken: Callable[[int], str]) -> Iterator[None]:
    """Hold an open lock file while the block runs; raises PermanentError, as `taken` says of the pid that has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermanentError(taken(holder(lock))) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    yield


def holder(lock: IO[str]) -> int:
    """The process that wrote itself into the file; 0 when none has."""
    lock.seek(0)
    return int(lock.read() or 0)
