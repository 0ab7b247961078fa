"""What must be there before the first service starts: broker, database, schema, topics, an encoder."""

import asyncio
from pathlib import Path

from pointsman.local.process import Child, Program
from shared.database.engine import Database
from shared.database.migrate import migrate
from shared.database.registry import live_models
from shared.stream.admin import create_topics
from shared.topics import lasting


async def prepare(kafka: str, postgres: str, home_partitions: int) -> None:
    """Bring the database to this version's schema and create the topics that last."""
    await asyncio.gather(migrate(postgres), create_topics(kafka, lasting(), home_partitions))


async def has_encoder(postgres: str) -> bool:
    """Whether the registry has a live encoder."""
    async with Database(postgres) as database, database.session() as session:
        return any(model.kind == "encoder" for model in await live_models(session))


async def complete(program: Program, log: Path) -> None:
    """Run a program to its end; raises TransientError when it fails. A cancelled one is killed."""
    child = Child(program, log)
    child.start()
    try:
        if await child.ended() != 0:
            raise child.failure()
    finally:
        child.kill()
