"""Trainer: what was decided and what came of it, durable in Postgres; heads that learn from it; what is live, repeated.

Reads `decisions`, `attempts`, `feedback` (group `trainer`, a Faust app), the log and the registry; writes the routing
log, model files, `llms`, `models`, and dead letters of records that nobody can read. Keeps nothing. When it fails,
records wait in Kafka for 7 days and are recorded once read, and heads stay as they are; routing goes on without it. The
recorder scales by the partitions of its topics; of the learner and the timers (announcements, feedback, partitions, old
claims) one process at a time does the work.
"""
