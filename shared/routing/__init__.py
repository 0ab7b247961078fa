"""The mathematics of routing: pure functions on values; no Kafka, no clock, no randomness of its own."""
