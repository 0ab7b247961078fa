"""Each a script that prints a table and, with --json FILE, writes its figures."""
