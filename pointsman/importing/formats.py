"""What can be imported."""

from enum import StrEnum


class Format(StrEnum):
    """Names as `--format` takes them."""

    CANONICAL = "canonical"
    ROUTERBENCH = "routerbench"
    LLMROUTER = "llmrouter"
    ROUTELLM = "routellm"
    #: The routing log of a fleet: not a file.
    LOG = "log"
