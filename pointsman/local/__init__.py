"""The fleet on one machine: embedded Kafka and Postgres, and a supervisor of the services' processes."""
