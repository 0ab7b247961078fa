"""Every error the fleet raises, and whether trying again can help.

PointsmanError
├── TransientError        wait with backoff and try again, in place: a broker, a database or an endpoint is away
│   └── UnansweredError   no response came in time; the query may still be answered
└── PermanentError        trying again gives the same: dead letter, and a terminal response by those who may write one
    ├── RefusedError      the query is at fault: its sender is told `kind` and what to do
    ├── ConfigurationError  the operator is at fault: refused at start, with the setting's name
    ├── ArtifactError     a model file is not what its card says
    └── UnforeseenError   our code failed on one record, again and again, and nobody knows why yet
"""


class PointsmanError(Exception):
    """Says what was expected, what came, and what to do."""


class TransientError(PointsmanError):
    """Trying again later can succeed; the record stays unfinished meanwhile."""


class UnansweredError(TransientError):
    """Asking again with the same query id is safe: it gives the answer, once there is one."""

    def __init__(self, query_id: str, message: str) -> None:
        super().__init__(message)
        self.query_id = query_id


class PermanentError(PointsmanError):
    """Trying again cannot succeed."""


class RefusedError(PermanentError):
    """A query that cannot be served; `kind` is one word a program can switch on."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ConfigurationError(PermanentError):
    """A setting, descriptor or machine that cannot work; the message names it."""


class ArtifactError(PermanentError):
    """A model file whose sha256, shapes or card do not agree."""


class UnforeseenError(PermanentError):
    """A bug that one record brought to light; the message says which error, and where in the code."""
