"""Routers: what is served, its parts, and the baselines it has to beat."""
