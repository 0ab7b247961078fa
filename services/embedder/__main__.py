"""`python -m services.embedder`."""

import sys

from services.embedder.app import run
from services.embedder.settings import EmbedderSettings
from shared.process import serve

if __name__ == "__main__":
    sys.exit(serve("embedder", EmbedderSettings, run))
