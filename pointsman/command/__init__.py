"""The `pointsman` command: one file per subcommand, wired in main.py."""
