"""`python -m services.trainer`."""

import uvloop

from services.trainer.app import serve
from services.trainer.settings import TrainerSettings
from shared.logs import configure
from shared.settings import read


def main() -> None:
    settings = read(TrainerSettings)
    configure("trainer", settings.instance, settings.log_level)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
