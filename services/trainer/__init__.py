"""Trainer: what was decided and what came of it, durable in Postgres; what is live, repeated from there.

Reads `decisions`, `attempts`, `feedback` (group `trainer`, a Faust app) and the registry; writes the routing log,
`llms`, `models`, and dead letters of records that nobody can read. Keeps nothing. When it fails, records wait in Kafka
for 7 days and are recorded once read; routing goes on without it. The recorder scales by the partitions of its topics;
of the timers (announcements, feedback, partitions, old claims) one process at a time does the work.
"""
