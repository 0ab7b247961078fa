"""`python -m services.executor`"""

import sys

from services.executor.app import run
from services.executor.settings import ExecutorSettings
from shared.process import serve

if __name__ == "__main__":
    sys.exit(serve("executor", ExecutorSettings, run))
