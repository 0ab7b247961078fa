"""What nobody foresaw: an error that is none of ours, raised while one record was handled."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

from aiokafka.errors import KafkaError

from shared.errors import PointsmanError, UnforeseenError
from shared.logs import get

_log = get(__name__)
#: These befall the machine, not the record: they may end a lane, which is then built anew.
_OF_THE_MACHINE = (OSError, MemoryError, KafkaError)


@contextmanager
def contained() -> Iterator[None]:
    """Make any such error an UnforeseenError, so that one record cannot stop its lane for ever."""
    try:
        yield
    except (PointsmanError, *_OF_THE_MACHINE):
        raise
    except Exception as error:
        where = _where(error)
        _log.error("unforeseen error", error=type(error).__name__, where=where)
        raise UnforeseenError(f"{type(error).__name__} at {where}") from error


def _where(error: Exception) -> str:
    """The way to it through the code, without the error's text, which may quote a prompt."""
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in extract_tb(error.__traceback__)[1:])
