"""Simulator: an OpenAI-compatible server that stands in for many LLMs.

Reads: a canonical parquet and its prices where recorded answers are replayed; nothing for planted skills.
Writes: answers over HTTP; a port file and the LLMs' descriptors at start.
Keeps: the queue of each LLM, its faults, and a bounded list of the calls it was paid for.
Fails: on purpose, as told over `/control`.
Scales by: not at all; hundreds of streams take a fraction of a core.
"""
