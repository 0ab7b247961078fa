"""A fleet without a terminal: `pointsman up --detach` runs this with its options as JSON."""

import asyncio
import sys

from pointsman.local.foreground import until_told
from pointsman.local.options import FleetOptions
from shared.errors import PermanentError, PointsmanError


def main() -> int:
    """0 once it was told to stop, else one line about why, and the command's exit code for it."""
    try:
        asyncio.run(until_told(FleetOptions.model_validate_json(sys.argv[1]), _say, asyncio.Event().wait))
    except PointsmanError as error:
        _say(str(error))
        return 2 if isinstance(error, PermanentError) else 1
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
