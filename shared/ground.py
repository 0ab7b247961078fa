"""What must be there before the first service starts: this version's schema, and the topics that last.

`python -m shared.ground` prepares it as the environment says; many may do so at once, and again.
"""

import asyncio
import sys
from pathlib import Path

from shared.database.migrate import migrate
from shared.process import serve
from shared.settings import FleetSettings
from shared.stream.admin import check_topics, create_topics
from shared.topics import lasting


async def prepare(
    kafka: str, postgres: str, home_partitions: int, replication: int = 1, password_file: Path | None = None
) -> None:
    """Bring the database to this version's schema and create the topics that are missing.

    Raises ConfigurationError when a topic is there with another count, TransientError when one of both is away.
    """
    topics = lasting()
    await asyncio.gather(migrate(postgres, password_file), create_topics(kafka, topics, home_partitions, replication))
    await check_topics(kafka, topics, home_partitions)


async def _run(settings: FleetSettings) -> None:
    await prepare(
        settings.kafka,
        settings.postgres,
        settings.home_partitions,
        settings.replication,
        settings.postgres_password_file,
    )


if __name__ == "__main__":
    sys.exit(serve("ground", FleetSettings, _run))
