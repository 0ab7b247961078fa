"""Predictor: one LLM's view of every query; deploying one adds its LLM to the fleet.

Reads `embeddings`, in a group per LLM, and `models`; writes `predictions` to the query's home partition, and its
descriptor to the registry and `llms`. Keeps its heads in memory. When it fails, decisions take the LLM's registry prior
until another worker of the group takes over. Scales by the partitions of `embeddings`.
"""
