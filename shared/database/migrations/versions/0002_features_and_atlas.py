"""What heads read beside the vector, in the log, and an encoder's atlas; code that knows of none leaves them NULL."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE routing_log ADD COLUMN features bytea, ADD COLUMN neighbours bytea")
    op.execute("ALTER TABLE models ADD COLUMN atlas_sha256 text")
