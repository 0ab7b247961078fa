"""`python -m services.simulator [--port 0] [--llms 4] [--data DIR --pool NAME] …`; `--help` lists all options."""

import sys

import uvloop
from pydantic import ValidationError

from services.simulator.app import serve
from services.simulator.settings import SimulatorSettings
from shared import logs
from shared.errors import PointsmanError
from shared.messages.message import describe


def main() -> None:
    """Read the options and serve until told to stop."""
    try:
        settings = SimulatorSettings(_cli_parse_args=True)
    except ValidationError as error:
        sys.exit(f"simulator: {describe(error)}")
    logs.configure("simulator", f"simulator-{settings.port}", settings.log_level)
    try:
        uvloop.run(serve(settings))
    except PointsmanError as error:
        sys.exit(f"simulator: {error}")


if __name__ == "__main__":
    main()
