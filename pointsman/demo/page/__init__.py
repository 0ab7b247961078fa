"""The demo's page: one story of a run, drawn and told in one self-contained HTML file."""

from pointsman.demo.page.page import render

__all__ = ["render"]
