"""How published tables name what a row of canonical parquet needs."""
