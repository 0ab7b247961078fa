"""Trainers and a predictor as processes: from feedback on Kafka to other predictions."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import numpy as np
import psutil
import pytest

from pointsman.local.process import Child
from shared.database.engine import Database
from shared.database.registry import RegisteredModel, add_llm, add_model, models
from shared.messages import Embedding, Prediction, pack_vector
from tests.integration.serving import Serving, metric
from tests.integration.trainer.fleet import eventually
from tests.integration.trainer.lessons import DIMENSIONS, ENCODER, learn_by_heart, lessons, llm

QUICK = {"train_after_rows": "150", "train_check_s": "0.3", "settle_every_s": "0.3", "record_every_s": "0"}


@pytest.fixture
def name() -> str:
    """Of an LLM of the test's own: the topics are the session's."""
    return f"llm-{uuid4().hex[:12]}"


@pytest.fixture
async def database(serving: Serving, name: str):
    async with Database(serving.postgres) as database:
        async with database.session() as session:
            await add_model(session, ENCODER, {}, "live")
            await add_llm(session, llm(name))
            await session.commit()
        yield database


async def heads(database: Database) -> list[RegisteredModel]:
    async with database.session() as session:
        return [one for one in await models(session) if one.model.kind == "head"]


async def predicted(serving: Serving, name: str) -> tuple[str | None, float, float]:
    """The head that serves, and what it says of a query that the LLM is good at and of its opposite."""
    vector = np.zeros(DIMENSIONS, "<f4")
    vector[0] = 1
    first = uuid4().int % 10**15
    sent = [
        Embedding(
            origin=f"{number}-{first}",
            accepted_at=1.0,
            vector=pack_vector(one.tobytes()),
            encoder=ENCODER.version,
            prompt_tokens=12,
        )
        for number, one in enumerate((vector, -vector))
    ]
    await serving.produce("embeddings", [one.encode() for one in sent], partition=1)
    origins = [one.origin for one in sent]
    found = await serving.until(
        "predictions", Prediction.decode, lambda one: one.llm == name and one.origin in origins, 2
    )
    by_origin = {one.origin: one for _, one in found}
    good, bad = (by_origin[origin] for origin in origins)
    return good.head, good.quality, bad.quality


async def test_enough_feedback_makes_a_head_live_and_predictions_follow(
    serving: Serving, database: Database, name: str
) -> None:
    endpoint = {"llm_name": name, "llm_base_url": "http://127.0.0.1:1/v1", "llm_model": "m", "llm_probe": "off"}
    prices = {"llm_usd_per_mtok_input": "1", "llm_usd_per_mtok_output": "2", "llm_context_tokens": "1000"}
    predictor = serving.child("predictor", **endpoint, **prices)
    trainers = [serving.child("trainer", **QUICK) for _ in range(2)]
    for child in (predictor, *trainers):
        await child.until_ready(90)
    assert (await predicted(serving, name))[0] is None

    taught = lessons(name, 200, seed=1)
    await serving.producer([record for n, one in enumerate(taught) for record in one.records(n % 4)])

    async def swapped() -> bool:
        return (await predicted(serving, name))[0] is not None

    await eventually(swapped, 120)
    head, good, bad = await predicted(serving, name)
    assert good > 0.75 > 0.25 > bad
    [registered] = await heads(database)
    assert (registered.model.version, registered.status) == (head, "live")
    assert sum(metric(trainer, "fits_total") for trainer in trainers) == 1
    await eventually(lambda: _caught_up(trainers))


async def test_whatever_is_killed_in_the_middle_nothing_is_live_until_a_round_ends_well(
    serving: Serving, database: Database, name: str
) -> None:
    await learn_by_heart(database, lessons(name, 200, seed=1))
    trainer = serving.child("trainer", **QUICK)

    fitting = await _fitting(trainer)
    fitting.kill()
    again = await _fitting(trainer, lambda one: one.pid != fitting.pid)
    assert await heads(database) == []
    trainer_alone = psutil.Process(trainer.pid)
    trainer_alone.kill()
    await eventually(lambda: _gone(again))
    assert await heads(database) == []

    serving.child("trainer", **QUICK)

    async def live() -> bool:
        return [one.status for one in await heads(database)] == ["live"]

    await eventually(live, 120)


async def _fitting(trainer: Child, wanted: Callable[[psutil.Process], bool] = lambda _: True) -> psutil.Process:
    """The trainer's process that fits, once there is one; it has stepped aside for others by then."""
    found: list[psutil.Process] = []

    async def there() -> bool:
        if trainer.pid is None:
            raise trainer.failure()
        found[:] = [one for one in psutil.Process(trainer.pid).children() if wanted(one) and _nice(one) > 0]
        return bool(found)

    await eventually(there, 120)
    return found[0]


def _nice(process: psutil.Process) -> int:
    try:
        return process.nice()
    except psutil.NoSuchProcess:
        return 0


async def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def _caught_up(trainers: list[Child]) -> bool:
    await asyncio.sleep(0)
    return all(metric(trainer, "lag_records") == 0 for trainer in trainers)
