"""The executor: calls the LLMs that decision chose, one paid call per attempt.

Reads dispatch.<llm> and dispatch-batch.<llm> of every LLM it learns of from `llms` (or is pinned to), a group each.
Writes responses, response-chunks, attempts and capacity; claims in Postgres.
Keeps calls in flight; each is held by a lease that others see expire when this process goes away.
When it fails: SIGKILL costs at most one further call per call in flight; SIGTERM lets calls end within
POINTSMAN_DRAIN_S. While Postgres is away it waits, and nothing is lost.
Scales by the partitions of dispatch.<llm>: an LLM's slots, requests and tokens per minute are divided over them.
"""
