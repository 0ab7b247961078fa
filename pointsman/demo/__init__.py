"""The demo: a fleet of its own, trained, put under load and disturbed, and what came of it."""
