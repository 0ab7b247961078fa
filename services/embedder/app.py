"""Wires an embedder."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from services.embedder.encoders import Encoders
from services.embedder.handler import Asked, EmbedHandler
from services.embedder.reading import read_query
from services.embedder.refusal import Refusals
from services.embedder.settings import EmbedderSettings
from shared import logs, topics
from shared.artifacts import Artifacts
from shared.encoder import Encoder
from shared.metrics import Metrics
from shared.stream.admin import check_topics
from shared.stream.batch import BatchLane
from shared.stream.broadcast import BroadcastLane
from shared.stream.clock import BrokerClock
from shared.stream.lane import LaneSettings
from shared.stream.producer import Producer
from shared.stream.supervisor import Supervisor

log = logs.get(__name__)

_WRITTEN = (topics.ACCEPTED, topics.EMBEDDINGS, topics.RESPONSES, topics.MODELS)
_REFRESH_S = 0.2


async def run(settings: EmbedderSettings) -> None:
    """Embed until a signal; queries wait in Kafka until an encoder is live."""
    metrics, clock = Metrics(), BrokerClock()
    await check_topics(settings.kafka, (topics.QUERIES, topics.QUERIES_BATCH, *_WRITTEN), settings.home_partitions)
    artifacts = Artifacts(settings.artifacts)
    encoders = Encoders(partial(Encoder.load, artifacts=artifacts, threads=settings.encoder_threads), metrics)
    producer = Producer(settings.kafka, clock)
    supervisor = Supervisor("embedder", settings, metrics, clock)
    with ThreadPoolExecutor(1, "encoder") as thread:
        handler = EmbedHandler(
            lambda: encoders.live, thread, settings.encoder_token_budget, settings.home_partitions, metrics
        )

        def queries() -> BatchLane[Asked]:
            return BatchLane(
                _lane(settings),
                partial(read_query, home_partitions=settings.home_partitions),
                handler,
                producer,
                metrics,
                clock,
                max_records=settings.encoder_batch,
                refuse=Refusals(settings.home_partitions, metrics),
                lesser_topics=(topics.QUERIES_BATCH.name,),
                # The encoder is what everything waits for: while it has one batch, the next is read and waits for it,
                # and the last is acknowledged.
                overlap=3,
            )

        async def embed_once_ready() -> None:
            # Not before: partitions taken without an encoder would be kept from replicas that have one.
            await encoders.ready.wait()
            supervisor.start("queries", queries)

        models = partial(
            BroadcastLane, "models", settings.kafka, (topics.MODELS.name,), encoders.receive, "beginning", metrics
        )
        supervisor.start("models", models)
        supervisor.every("encoder", _REFRESH_S, encoders.refresh)
        supervisor.once("first encoder", embed_once_ready)
        log.info("waiting for an encoder; if there is none yet: python -m services.embedder.export")
        try:
            await supervisor.run()
        finally:
            await producer.stop()


def _lane(settings: EmbedderSettings) -> LaneSettings:
    return LaneSettings(
        name="queries",
        kafka=settings.kafka,
        group="embedder",
        topics=(topics.QUERIES.name,),
        instance=settings.instance,
        static=settings.static_membership,
    )
