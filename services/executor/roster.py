"""The LLMs this process is to serve, as the topic `llms` tells."""

from collections.abc import Collection

from shared.messages import Llm
from shared.stream.records import Record


class Roster:
    """Keeps the highest revision of each LLM; of those it is pinned to, if it is."""

    def __init__(self, pinned: Collection[str] = ()) -> None:
        self._pinned = frozenset(pinned)
        self._llms: dict[str, Llm] = {}

    def receive(self, record: Record) -> None:
        """Raises PermanentError when the record is not an LLM's descriptor."""
        if not record.value:
            return
        llm = Llm.decode(record.value)
        known = self._llms.get(llm.name)
        if (not self._pinned or llm.name in self._pinned) and (known is None or llm.revision >= known.revision):
            self._llms[llm.name] = llm

    def llms(self) -> list[Llm]:
        return list(self._llms.values())
