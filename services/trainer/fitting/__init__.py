"""Fitting one LLM's head. It imports scikit-learn, so the trainer does it in a process of its own (`__main__.py`)."""
