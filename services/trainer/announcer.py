"""Repeats the registry on its topics; one trainer at a time."""

from shared.announcement import announcement
from shared.database.engine import Database
from shared.database.locks import try_lock
from shared.database.registry import live_models, llms
from shared.stream.handlers import Produce


class Announcer:
    """Postgres decides what is live; `llms` and `models` are its copies."""

    def __init__(self, database: Database, produce: Produce) -> None:
        self._database = database
        self._produce = produce

    async def announce(self) -> None:
        """Produce every LLM, removed ones too, and every live model; nothing while another trainer does."""
        async with self._database.session() as session:
            if not await try_lock(session, "announce"):
                return
            outgoing = [announcement(llm) for llm in await llms(session)]
            outgoing += [announcement(model) for model in await live_models(session)]
            await self._produce(outgoing)
