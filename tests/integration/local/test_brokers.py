"""The embedded broker and database are real."""

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from sqlalchemy import create_engine, text


def test_kafka_answers_as_one_broker_without_topics_of_its_own_making(kafka: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    failures: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": kafka, "message.timeout.ms": 3000})

    def remember(error: KafkaError | None, _: Message) -> None:
        failures.append(error)

    producer.produce("never-created", b"x", on_delivery=remember)
    producer.flush(10)

    assert len(admin.list_topics(timeout=10).brokers) == 1
    assert [failure is not None for failure in failures] == [True]


def test_postgres_is_version_18_and_takes_connections_from_its_url(postgres: str) -> None:
    engine = create_engine(postgres)

    with engine.connect() as connection:
        version = connection.execute(text("show server_version_num")).scalar_one()
    engine.dispose()

    assert int(version) // 10_000 == 18
