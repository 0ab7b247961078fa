"""What people use: the `pointsman` command, the Python client, the fleet on one machine."""
