"""An evaluation as one self-contained HTML page that a stranger can read."""

from pointsman.evaluation.page.page import render

__all__ = ["render"]
