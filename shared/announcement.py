"""The registry's copies on `llms` and `models`: keyed, so that the broker keeps the newest of each."""

from shared.messages import Llm, Model
from shared.stream.records import Outgoing
from shared.topics import LLMS, MODELS


def announcement(one: Llm | Model) -> Outgoing:
    """The record that tells the fleet of it.

    >>> announcement(Model(kind="encoder", version="e1")).key
    b'encoder'
    """
    match one:
        case Llm():
            return Outgoing(LLMS.name, one.encode(), key=one.name.encode())
        case Model():
            return Outgoing(MODELS.name, one.encode(), key=one.key.encode())
