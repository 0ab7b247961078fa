"""`python -m services.trainer.fitting`: fits one head, told by a line on standard input; the trainer starts it.

Its last line of output is the Candidate; exit codes are a service's. It ends when its input does, that is with the
trainer, and steps aside for every other process.
"""

import asyncio
import os
import sys
import threading

from threadpoolctl import threadpool_limits

from services.trainer.fitting.card import Candidate
from services.trainer.fitting.order import Order
from services.trainer.fitting.refit import RefitConfig, refit
from services.trainer.settings import TrainerSettings
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.labels import Count, Label, count_labels, labels
from shared.errors import PermanentError, PointsmanError
from shared.settings import read

_NICENESS = 10
_STDIN = 0


def main() -> int:
    """Fit as ordered."""
    os.nice(_NICENESS)
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        candidate = _fit(order, read(TrainerSettings))
    except PointsmanError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, PermanentError) else 1
    print(candidate.model_dump_json())
    return 0


def _fit(order: Order, settings: TrainerSettings) -> Candidate:
    found, count = asyncio.run(_read(order, settings))
    with threadpool_limits(1):
        return refit(order, found, count.left_out, Artifacts(settings.artifacts), RefitConfig())


async def _read(order: Order, settings: TrainerSettings) -> tuple[list[Label], Count]:
    database = Database(settings.postgres, settings.postgres_password_file)
    async with database, database.long_session() as session:
        found = await labels(session, order.llm, order.encoder, settings.train_rows)
        return found, await count_labels(session, order.llm, order.encoder, since=None)


def _end_with_input() -> None:
    """The trainer's death closes the pipe; a half-fitted head is of no use to anybody."""
    while os.read(_STDIN, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
