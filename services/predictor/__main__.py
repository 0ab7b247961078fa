"""`python -m services.predictor`."""

import sys

from services.predictor.app import run
from services.predictor.settings import PredictorSettings
from shared.process import serve

if __name__ == "__main__":
    sys.exit(serve("predictor", PredictorSettings, run))
