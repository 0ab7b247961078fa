"""Alembic runs this file; the connection, and its transaction, are migrate.py's."""

from alembic import context

from shared.database.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
context.run_migrations()
