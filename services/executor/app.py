"""Wires an executor."""

import asyncio
import logging
from functools import partial
from uuid import uuid4

from services.executor.capacity import LOOK_S, Announcer
from services.executor.claiming import Claiming
from services.executor.lanes import Lanes
from services.executor.leases import RENEW_S, Leases
from services.executor.roster import Roster
from services.executor.serving import Shared
from services.executor.settings import ExecutorSettings
from shared import topics
from shared.database.claims import Claims, Holder
from shared.database.engine import Database
from shared.metrics import Metrics
from shared.stream.admin import check_topics
from shared.stream.broadcast import BroadcastLane
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.stream.recall import read_at
from shared.stream.retry import Retry
from shared.stream.supervisor import Supervisor

_TOPICS = (topics.RESPONSES, topics.RESPONSE_CHUNKS, topics.ATTEMPTS, topics.CAPACITY, topics.LLMS)
_TEND_S = 0.5
_TEND_REMOVED_S = 5.0


async def run(settings: ExecutorSettings) -> None:
    """Serve LLMs until a signal, then let calls in flight end."""
    _keep_prompts_out_of_logs()
    metrics, clock = Metrics(), BrokerClock()
    await check_topics(settings.kafka, _TOPICS, settings.home_partitions)
    producer = Producer(settings.kafka, clock)
    await producer.learn_time()
    database = Database(settings.postgres, settings.postgres_password_file, settings.postgres_statement_s)
    holder, claims = Holder(settings.instance, uuid4().hex), Claims(database)
    leases = Leases(claims, holder)
    shared = Shared(
        holder=holder,
        claims=claims,
        claiming=Claiming(claims, leases, metrics, settings.claims == "best_effort"),
        produce=producer,
        retry=Retry(metrics),
        metrics=metrics,
        clock=clock.now,
        read_at=partial(read_at, settings.kafka),
        home_partitions=settings.home_partitions,
        retry_after_s=settings.retry_after_s,
    )
    supervisor = Supervisor("executor", settings, metrics, clock)
    roster = Roster(settings.llms)
    lanes = Lanes(settings, roster, shared, supervisor, clock)
    known = asyncio.Event()
    llms = partial(
        BroadcastLane, "llms", settings.kafka, (topics.LLMS.name,), roster.receive, "beginning", metrics, known
    )

    async def tend(removed: bool) -> None:
        # Not before all descriptors were read: an old revision must not open a lane.
        if known.is_set():
            await (lanes.tend_removed() if removed else lanes.tend())

    supervisor.start("llms", llms)
    supervisor.every("lanes", _TEND_S, partial(tend, False))
    supervisor.every("removed lanes", _TEND_REMOVED_S, partial(tend, True))
    supervisor.every("leases", RENEW_S, leases.renew)
    announcer = Announcer(lanes.servings, settings.instance, clock.now, producer, metrics)
    supervisor.every("capacity", LOOK_S, announcer.announce)
    try:
        await supervisor.run()
    finally:
        await lanes.close()
        await producer.stop()
        await database.close()


def _keep_prompts_out_of_logs() -> None:
    """At DEBUG these libraries print what they send."""
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
