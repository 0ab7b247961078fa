"""The Python client: send queries, read their responses."""

from pointsman.client.client import Client
from pointsman.client.question import Question
from pointsman.client.transcript import Event, Restart, Text

__all__ = ["Client", "Event", "Question", "Restart", "Text"]
