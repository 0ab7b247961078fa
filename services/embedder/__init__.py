"""Embedder: validates every query, embeds it once, and hands it to the fleet.

Reads `queries` (and `queries-batch` while that has no lag) and `models`; writes `accepted`, `embeddings` to the query's
home partition, and `responses` for queries it refuses. Keeps nothing. When it fails, queries wait in Kafka and are read
again by whoever takes over the partition. Scales by the partitions of `queries`; one core each.
"""
