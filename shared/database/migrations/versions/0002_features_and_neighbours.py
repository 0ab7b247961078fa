"""What heads read beside the vector, in the log; code that does not know of it leaves it NULL."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE routing_log ADD COLUMN features bytea, ADD COLUMN neighbours bytea")
