"""What must be there before the first query is embedded: an encoder, exported by a program that ends."""

from pathlib import Path

from pointsman.local.process import Child, Program
from shared.database import registry
from shared.database.engine import Database


async def has_encoder(postgres: str) -> bool:
    """Whether the registry has a live encoder."""
    async with Database(postgres) as database, database.session() as session:
        return await registry.has_encoder(session)


async def complete(program: Program, log: Path) -> None:
    """Run a program to its end; raises TransientError when it fails. A cancelled one is killed."""
    child = Child(program, log)
    child.start()
    try:
        if await child.ended() != 0:
            raise child.failure()
    finally:
        child.kill()
