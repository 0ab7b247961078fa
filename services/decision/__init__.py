"""Decision: joins a query with what each LLM is expected to make of it, and dispatches it to the one worth most.

Reads `accepted`, `predictions` and `attempts` (the failed ones are decided again) as one group, and without a group
`capacity`, `llms` and `models`; writes receipts to `decisions`, work to `dispatch.<llm>`, a note of it to `capacity`,
and `responses` for queries that are refused or fail, those under a claim in Postgres.
Keeps undecided queries (about a second's worth) and what it knows of every LLM's queue. When it fails, the next owner
reads the same records again; a query decided twice is answered once, by its claim. Scales by the partitions of
`accepted`.
"""
