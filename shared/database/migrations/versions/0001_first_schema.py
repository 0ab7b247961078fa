"""The first schema: registry, claims, and the log partitioned by month."""

from alembic import op

revision = "0001"
down_revision = None

_LLMS = """
CREATE TABLE llms (
    name text PRIMARY KEY,
    revision integer NOT NULL,
    removed boolean NOT NULL,
    descriptor jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
)
"""

_MODELS = """
CREATE TABLE models (
    id bigserial PRIMARY KEY,
    kind text NOT NULL,
    llm text,
    version text NOT NULL,
    encoder text,
    sha256 text,
    url text,
    policy jsonb,
    revision integer NOT NULL,
    status text NOT NULL,
    reason text,
    card jsonb NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT models_kind_llm_version_key UNIQUE NULLS NOT DISTINCT (kind, llm, version)
)
"""

_ONE_LIVE_MODEL = """
CREATE UNIQUE INDEX models_live_key ON models (kind, llm, encoder) NULLS NOT DISTINCT WHERE status = 'live'
"""

_CLAIMS = """
CREATE TABLE claims (
    tenant text,
    query_id text,
    attempt integer,
    content_hash text NOT NULL,
    decision_id text NOT NULL,
    state text NOT NULL,
    instance text NOT NULL,
    boot_id text NOT NULL,
    lease_until timestamptz NOT NULL,
    outbox bytea,
    response_topic text,
    response_partition integer,
    response_offset bigint,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, query_id, attempt)
)
"""

_CLAIMS_BY_AGE = "CREATE INDEX claims_claimed_at_idx ON claims (claimed_at)"

_ROUTING_LOG = """
CREATE TABLE routing_log (
    tenant text,
    query_id text,
    accepted_at timestamptz,
    decision_id text,
    origin text NOT NULL,
    decided_at timestamptz NOT NULL,
    attempt integer NOT NULL,
    batch boolean NOT NULL,
    llm text,
    refusal text,
    candidates jsonb NOT NULL,
    propensity double precision NOT NULL,
    explored boolean NOT NULL,
    willingness_to_pay double precision NOT NULL,
    tau_s double precision NOT NULL,
    policy text NOT NULL,
    encoder text NOT NULL,
    flip jsonb NOT NULL,
    vector bytea NOT NULL,
    prompt_tokens integer NOT NULL,
    domain text,
    distance double precision,
    text text,
    replica text NOT NULL,
    capacity_seen_at jsonb NOT NULL,
    PRIMARY KEY (tenant, query_id, accepted_at, decision_id)
) PARTITION BY RANGE (accepted_at)
"""

_ATTEMPTS = """
CREATE TABLE attempts (
    tenant text,
    query_id text,
    accepted_at timestamptz,
    decision_id text,
    event text,
    origin text NOT NULL,
    attempt integer NOT NULL,
    llm text NOT NULL,
    instance text NOT NULL,
    at timestamptz NOT NULL,
    prompt_tokens integer,
    response_tokens integer,
    first_token_s double precision,
    total_s double precision,
    cost_usd double precision,
    usage_estimated boolean NOT NULL,
    error jsonb,
    PRIMARY KEY (tenant, query_id, accepted_at, decision_id, event)
) PARTITION BY RANGE (accepted_at)
"""

_FEEDBACK = """
CREATE TABLE feedback (
    tenant text,
    query_id text,
    accepted_at timestamptz,
    said_at timestamptz NOT NULL,
    satisfied boolean,
    quality double precision,
    withdrawn boolean NOT NULL,
    source text,
    PRIMARY KEY (tenant, query_id, accepted_at)
) PARTITION BY RANGE (accepted_at)
"""

_WAITING_FEEDBACK = """
CREATE TABLE waiting_feedback (
    tenant text,
    query_id text,
    said_at timestamptz NOT NULL,
    satisfied boolean,
    quality double precision,
    withdrawn boolean NOT NULL,
    source text,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    kept_since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, query_id)
)
"""


def upgrade() -> None:
    for statement in (_LLMS, _MODELS, _ONE_LIVE_MODEL, _CLAIMS, _CLAIMS_BY_AGE):
        op.execute(statement)
    for statement in (_ROUTING_LOG, _ATTEMPTS, _FEEDBACK, _WAITING_FEEDBACK):
        op.execute(statement)
    for table in ("routing_log", "attempts", "feedback"):
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
