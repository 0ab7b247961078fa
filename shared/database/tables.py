"""Every table, and the one home of its columns; migrations must lead here (a test compares)."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, MetaData, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

#: Partitioned by month on `accepted_at`; see partitions.py.
LOG_TABLES = ("routing_log", "attempts", "feedback")


class Table(DeclarativeBase):
    """Text is unbounded, times know their zone, and constraints have names that migrations can use."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        }
    )
    type_annotation_map = {
        str: Text,
        datetime: DateTime(timezone=True),
        bytes: LargeBinary,
        JsonValue: JSONB,
    }


class LlmRow(Table):
    """What the fleet may ask; rows are marked removed, never deleted, so that revisions only grow."""

    __tablename__ = "llms"

    name: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    removed: Mapped[bool]
    #: The whole Llm message.
    descriptor: Mapped[JsonValue] = mapped_column(nullable=False)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ModelRow(Table):
    """Every model version there ever was; at most one is live for each encoder, policy, and LLM and encoder."""

    __tablename__ = "models"
    __table_args__ = (
        UniqueConstraint("kind", "llm", "version", postgresql_nulls_not_distinct=True),
        Index(
            "models_live_key",
            "kind",
            "llm",
            "encoder",
            unique=True,
            postgresql_where=text("status = 'live'"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    llm: Mapped[str | None]
    version: Mapped[str]
    encoder: Mapped[str | None]
    sha256: Mapped[str | None]
    #: Of an encoder.
    atlas_sha256: Mapped[str | None]
    url: Mapped[str | None]
    #: PolicyParameters of a policy.
    policy: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    #: Of the time it was last promoted; 0 before.
    revision: Mapped[int]
    #: candidate, live, rejected, retired
    status: Mapped[str]
    reason: Mapped[str | None]
    card: Mapped[JsonValue] = mapped_column(nullable=False)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ClaimRow(Table):
    """Who answers an attempt, and what must follow its end (protocol 3)."""

    __tablename__ = "claims"
    __table_args__ = (Index(None, "claimed_at"),)

    tenant: Mapped[str] = mapped_column(primary_key=True)
    query_id: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str]
    decision_id: Mapped[str]
    #: running, answered, refused, failed, lost
    state: Mapped[str]
    instance: Mapped[str]
    boot_id: Mapped[str]
    #: On the database's clock.
    lease_until: Mapped[datetime]
    #: The records that must still be produced; NULL when there are none.
    outbox: Mapped[bytes | None]
    response_topic: Mapped[str | None]
    response_partition: Mapped[int | None]
    response_offset: Mapped[int | None] = mapped_column(BigInteger)
    claimed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RoutingRow(Table):
    """One decision: the receipt."""

    __tablename__ = "routing_log"
    __table_args__ = {"postgresql_partition_by": "RANGE (accepted_at)"}

    tenant: Mapped[str] = mapped_column(primary_key=True)
    query_id: Mapped[str] = mapped_column(primary_key=True)
    accepted_at: Mapped[datetime] = mapped_column(primary_key=True)
    decision_id: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str]
    decided_at: Mapped[datetime]
    attempt: Mapped[int]
    batch: Mapped[bool]
    llm: Mapped[str | None]
    refusal: Mapped[str | None]
    candidates: Mapped[JsonValue] = mapped_column(nullable=False)
    propensity: Mapped[float]
    explored: Mapped[bool]
    willingness_to_pay: Mapped[float]
    tau_s: Mapped[float]
    policy: Mapped[str]
    encoder: Mapped[str]
    flip: Mapped[JsonValue] = mapped_column(nullable=False)
    #: Little-endian float32.
    vector: Mapped[bytes]
    prompt_tokens: Mapped[int]
    #: As shared.packed has them; NULL where the embedder gave none.
    features: Mapped[bytes | None]
    neighbours: Mapped[bytes | None]
    domain: Mapped[str | None]
    distance: Mapped[float | None]
    #: Only with POINTSMAN_STORE_TEXT.
    text: Mapped[str | None]
    replica: Mapped[str]
    capacity_seen_at: Mapped[JsonValue] = mapped_column(nullable=False)


class AttemptRow(Table):
    """One event of one call."""

    __tablename__ = "attempts"
    __table_args__ = {"postgresql_partition_by": "RANGE (accepted_at)"}

    tenant: Mapped[str] = mapped_column(primary_key=True)
    query_id: Mapped[str] = mapped_column(primary_key=True)
    accepted_at: Mapped[datetime] = mapped_column(primary_key=True)
    decision_id: Mapped[str] = mapped_column(primary_key=True)
    #: started, answered, failed
    event: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str]
    attempt: Mapped[int]
    llm: Mapped[str]
    instance: Mapped[str]
    at: Mapped[datetime]
    prompt_tokens: Mapped[int | None]
    response_tokens: Mapped[int | None]
    first_token_s: Mapped[float | None]
    total_s: Mapped[float | None]
    cost_usd: Mapped[float | None]
    usage_estimated: Mapped[bool]
    #: AttemptError of a failed call.
    error: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))


class FeedbackRow(Table):
    """The last word on a query."""

    __tablename__ = "feedback"
    __table_args__ = {"postgresql_partition_by": "RANGE (accepted_at)"}

    tenant: Mapped[str] = mapped_column(primary_key=True)
    query_id: Mapped[str] = mapped_column(primary_key=True)
    accepted_at: Mapped[datetime] = mapped_column(primary_key=True)
    #: Append time on the broker's clock.
    said_at: Mapped[datetime]
    satisfied: Mapped[bool | None]
    quality: Mapped[float | None]
    withdrawn: Mapped[bool]
    source: Mapped[str | None]


class WaitingFeedbackRow(Table):
    """The last word on a query that is not in the log yet; it names no month, so it waits here."""

    __tablename__ = "waiting_feedback"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    query_id: Mapped[str] = mapped_column(primary_key=True)
    said_at: Mapped[datetime]
    satisfied: Mapped[bool | None]
    quality: Mapped[float | None]
    withdrawn: Mapped[bool]
    source: Mapped[str | None]
    #: Where it lies on `feedback`, for its dead letter.
    partition: Mapped[int]
    offset: Mapped[int] = mapped_column(BigInteger)
    #: On the database's clock.
    kept_since: Mapped[datetime] = mapped_column(server_default=func.now())
