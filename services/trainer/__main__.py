"""`python -m services.trainer`."""

import sys

from services.trainer.app import run
from services.trainer.settings import TrainerSettings
from shared.process import serve

if __name__ == "__main__":
    sys.exit(serve("trainer", TrainerSettings, run))
