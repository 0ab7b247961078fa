"""Wires the trainer."""

from functools import partial

from services.trainer.announcer import Announcer
from services.trainer.fitter import fit
from services.trainer.handler import TOPICS
from services.trainer.learner import Learner
from services.trainer.news import Schedule
from services.trainer.recorder import Recorder
from services.trainer.settings import TrainerSettings
from services.trainer.upkeep import Upkeep
from services.trainer.writing import Writer
from shared.database.engine import Database
from shared.database.migrate import check_schema
from shared.metrics import Metrics
from shared.stream.admin import check_topics, lag
from shared.stream.clock import BrokerClock
from shared.stream.dead import Cemetery
from shared.stream.lane import LaneSettings
from shared.stream.producer import Producer
from shared.stream.retry import Retry
from shared.stream.supervisor import Supervisor
from shared.topics import LLMS, MODELS, dead

GROUP = "trainer"
_LAG_EVERY_S = 10.0


async def run(settings: TrainerSettings) -> None:
    """Run until a signal; waits for Postgres and Kafka first, and raises ConfigurationError where they do not fit."""
    metrics, clock = Metrics(), BrokerClock()
    database = Database(settings.postgres, settings.postgres_password_file, settings.postgres_statement_s)
    producer = Producer(settings.kafka, clock)
    try:
        await _wait_for_both(settings, metrics, database, producer)
        supervisor = Supervisor("trainer", settings, metrics, clock)
        _start(settings, metrics, database, producer, supervisor)
        await supervisor.run()
    finally:
        await producer.stop()
        await database.close()


async def _wait_for_both(settings: TrainerSettings, metrics: Metrics, database: Database, producer: Producer) -> None:
    topics = (*TOPICS, *map(dead, TOPICS), LLMS, MODELS)
    retry = Retry(metrics)
    await retry("start", lambda: check_schema(database))
    await retry("start", lambda: check_topics(settings.kafka, topics, settings.home_partitions))
    await retry("start", producer.start)
    await retry("start", Announcer(database, producer).announce)


def _start(
    settings: TrainerSettings, metrics: Metrics, database: Database, producer: Producer, supervisor: Supervisor
) -> None:
    cemetery = Cemetery(settings.instance, metrics)
    metrics.expect(topic.name for topic in TOPICS)
    writer = Writer(database, producer, cemetery, metrics, store_text=settings.store_text)
    lane = LaneSettings(
        name="recorder",
        kafka=settings.kafka,
        group=GROUP,
        topics=tuple(topic.name for topic in TOPICS),
        instance=settings.instance,
        static=settings.static_membership,
    )
    supervisor.start(
        lane.name,
        lambda: Recorder(
            lane, writer.write, metrics, max_records=settings.record_batch, every_s=settings.record_every_s
        ),
    )

    schedule = Schedule(settings.train_after_rows, settings.train_every_s)
    learner = Learner(database, producer, partial(fit, limit_s=settings.train_limit_s), schedule, metrics)
    supervisor.every("learn", settings.train_check_s, learner.learn)

    upkeep = Upkeep(database, producer, cemetery, metrics)
    supervisor.every("announce", settings.announce_every_s, Announcer(database, producer).announce)
    supervisor.every("feedback", settings.settle_every_s, partial(upkeep.settle_feedback, settings.feedback_wait_s))
    supervisor.every("partitions", settings.upkeep_every_s, upkeep.make_partitions)
    supervisor.every("lag", _LAG_EVERY_S, partial(_export_lag, settings.kafka, metrics))
    supervisor.every("claims", settings.upkeep_every_s, partial(upkeep.purge_claims, settings.claims_kept_s))


async def _export_lag(kafka: str, metrics: Metrics) -> None:
    """The broker knows while Postgres is away, too: what is not fetched then is not seen by Faust."""
    for topic, behind in (await lag(kafka, GROUP, [topic.name for topic in TOPICS])).items():
        metrics.recorder_lag.labels(topic).set(behind)
