"""JSON lines on standard error: a constant sentence plus fields. Never prompts, completions or secrets."""

import logging
import sys

import structlog
from structlog.typing import Processor

#: Libraries that say the same several times a second while a broker is away; our own lines say what matters of it.
_TALKATIVE = ("aiokafka", "faust", "mode")
_REPEAT_AFTER_S = 10.0


class Seldom(logging.Filter):
    """Lets each line of the talkative libraries' code speak once in 10 s."""

    def __init__(self) -> None:
        super().__init__()
        self._spoken_at: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_TALKATIVE):
            return True
        line = (record.pathname, record.lineno)
        if record.created - self._spoken_at.get(line, 0.0) < _REPEAT_AFTER_S:
            return False
        self._spoken_at[line] = record.created
        return True


def configure(service: str, instance: str, level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers to standard error, one JSON object a line."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        # First of all: most steps of a query say something on the level that is seldom wanted.
        processors=[structlog.stdlib.filter_by_level, *before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.addFilter(Seldom())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    structlog.contextvars.bind_contextvars(service=service, instance=instance)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; configure() decides where it writes."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
