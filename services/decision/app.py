"""Wires a decision replica."""

from collections.abc import Callable
from functools import partial
from random import random
from uuid import uuid4

from services.decision.decide import Decider
from services.decision.fleet import Fleet
from services.decision.handler import DecisionHandler
from services.decision.handover import HandOver
from services.decision.late_closing import LateClosing
from services.decision.listening import Listening
from services.decision.outstanding import Outstanding
from services.decision.settings import DecisionSettings
from shared import topics
from shared.metrics import Metrics
from shared.stream.admin import check_topics
from shared.stream.clock import BrokerClock
from shared.stream.dead import Cemetery
from shared.stream.join import JoinLane
from shared.stream.lane import LaneSettings
from shared.stream.producer import Producer
from shared.stream.retry import Retry
from shared.stream.supervisor import Supervisor
from shared.stream.unserved import Unserved

_JOINED = (topics.ACCEPTED, topics.PREDICTIONS, topics.ATTEMPTS)
_OTHERS = (topics.CAPACITY, topics.LLMS, topics.MODELS, topics.DECISIONS, topics.RESPONSES)
_EXPORT_S = 1.0


async def run(settings: DecisionSettings) -> None:
    """Decide until a signal; not before all LLMs and their waits are known."""
    metrics, clock = Metrics(), BrokerClock()
    await check_topics(settings.kafka, (*_JOINED, *_OTHERS), settings.home_partitions)
    producer = Producer(settings.kafka, clock)
    await producer.learn_time()
    fleet, outstanding = Fleet(), Outstanding()
    closing = LateClosing(settings, producer, metrics)
    unserved = Unserved(settings.home_partitions, clock.now)
    cemetery = Cemetery(settings.instance, metrics, unserved)
    hand_over = HandOver(producer, closing, outstanding, cemetery, clock.now, Retry(metrics))
    decider = Decider(fleet, outstanding, settings, random, lambda: uuid4().hex)

    def decisions() -> JoinLane:
        handler = DecisionHandler(fleet, decider, hand_over, settings, clock.now, metrics)
        return JoinLane(_lane(settings), handler, producer, metrics, clock, refuse=unserved)

    supervisor = Supervisor("decision", settings, metrics, clock)
    listening = Listening(settings.kafka, fleet, outstanding, metrics)
    supervisor.start("registry", listening.registry)
    supervisor.start("capacity", listening.capacity)
    supervisor.every("waits", _EXPORT_S, listening.export)
    supervisor.once("known waits", partial(_decide_once_complete, listening, supervisor, decisions))
    try:
        await supervisor.run()
    finally:
        await closing.stop()
        await producer.stop()


async def _decide_once_complete(
    listening: Listening, supervisor: Supervisor, decisions: Callable[[], JoinLane]
) -> None:
    await listening.complete()
    supervisor.start("decisions", decisions)


def _lane(settings: DecisionSettings) -> LaneSettings:
    return LaneSettings(
        name="decisions",
        kafka=settings.kafka,
        group="decision",
        topics=tuple(topic.name for topic in _JOINED),
        instance=settings.instance,
        static=settings.static_membership,
    )
