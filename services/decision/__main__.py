"""`python -m services.decision`."""

import sys

from services.decision.app import run
from services.decision.settings import DecisionSettings
from shared.process import serve

if __name__ == "__main__":
    sys.exit(serve("decision", DecisionSettings, run))
