"""Wires a predictor."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from services.predictor.handler import PredictHandler, Read, read_embedding
from services.predictor.heads import Heads
from services.predictor.registration import register
from services.predictor.settings import PredictorSettings
from shared import logs, topics
from shared.announcement import announcement
from shared.artifacts import Artifacts
from shared.head import Head
from shared.messages import Llm
from shared.metrics import Metrics
from shared.stream.admin import check_topics, create_topics
from shared.stream.batch import BatchLane
from shared.stream.broadcast import BroadcastLane
from shared.stream.clock import BrokerClock
from shared.stream.lane import LaneSettings
from shared.stream.producer import Producer
from shared.stream.records import Record
from shared.stream.supervisor import Supervisor

log = logs.get(__name__)

_REFRESH_S = 0.2


async def run(settings: PredictorSettings) -> None:
    """Register the LLM, then predict until a signal or until the LLM is removed.

    Raises ConfigurationError when the descriptor cannot work or the LLM was removed.
    """
    metrics, clock = Metrics(), BrokerClock()
    await check_topics(settings.kafka, (topics.EMBEDDINGS, topics.PREDICTIONS), settings.home_partitions)
    llm = await register(settings)
    mine = topics.of_llm(llm.name, llm.parallelism)
    await create_topics(settings.kafka, mine, settings.home_partitions, settings.replication)
    producer = Producer(settings.kafka, clock)
    supervisor = Supervisor("predictor", settings, metrics, clock)
    heads = Heads(llm.name, partial(Head.load, artifacts=Artifacts(settings.artifacts)), metrics)
    with ThreadPoolExecutor(1, "heads") as thread:
        handler = PredictHandler(llm, heads.of, thread, clock.now, metrics)

        def embeddings() -> BatchLane[Read]:
            return BatchLane(
                _lane(settings),
                read_embedding,
                handler,
                producer,
                metrics,
                clock,
                max_records=settings.predictor_batch,
            )

        def broadcast(name: str, receive: Callable[[Record], None]) -> Callable[[], BroadcastLane]:
            return lambda: BroadcastLane(name, settings.kafka, (name,), receive, "beginning", metrics)

        supervisor.start("models", broadcast(topics.MODELS.name, heads.receive))
        supervisor.start("llms", broadcast(topics.LLMS.name, partial(_end_if_removed, llm, supervisor)))
        supervisor.start("embeddings", embeddings)
        supervisor.every("heads", _REFRESH_S, heads.refresh)
        try:
            await producer([announcement(llm)])
            await supervisor.run()
        finally:
            await producer.stop()


def _end_if_removed(llm: Llm, supervisor: Supervisor, record: Record) -> None:
    if not record.value:
        return
    heard = Llm.decode(record.value)
    if heard.name == llm.name and heard.removed and heard.revision > llm.revision:
        log.warning("the LLM was removed, its predictor ends; to have it back: pointsman llms add FILE", llm=llm.name)
        supervisor.end()


def _lane(settings: PredictorSettings) -> LaneSettings:
    return LaneSettings(
        name="embeddings",
        kafka=settings.kafka,
        group=f"predictor.{settings.llm_name}",
        topics=(topics.EMBEDDINGS.name,),
        instance=settings.instance,
        static=settings.static_membership,
        start="latest",
    )
