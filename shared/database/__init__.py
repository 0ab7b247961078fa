"""Everything that speaks to Postgres; SQLAlchemy and psycopg are imported nowhere else."""
