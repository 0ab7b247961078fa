"""A trained encoder takes over a fleet at work: heads predict every query, before, during and after."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from pointsman.training.config import TrainConfig
from pointsman.training.recorded import Recorded, read_pool, read_recorded
from pointsman.training.training import Trained, Workplace, train_heads
from services.embedder.export import register
from services.trainer.fitting.atlas import AtlasConfig
from services.trainer.fitting.basis import HeadConfig
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.messages import Accepted, Model, Prediction, Query, unpack_vector
from tests.integration.conftest import EncoderFixture
from tests.integration.serving import HOME_PARTITIONS, Serving, metric
from tests.integration.training.recording import write_recording

_QUICK = TrainConfig(heads=HeadConfig(quality=("ridge",), length=("ridge",)))
_QUERIES = 250


def recording(folder: Path, llm: str, rows_per_prompt: int) -> Recorded:
    """Answers of the cook, who is of another name here."""
    folder.mkdir(parents=True)
    data, pool = write_recording(folder, rows_per_prompt)
    recorded = read_recorded([data], read_pool(pool))
    return replace(recorded, answers={llm: recorded.answers["cook"]})


async def trained_twice(serving: Serving, encoder: EncoderFixture, llm: str, folder: Path) -> list[Trained]:
    """Two runs on other queries; nothing of them is announced."""
    async with Database(serving.postgres) as database:
        await register([encoder.int8], database)
        place = Workplace(Artifacts(serving.artifacts), database, folder / "cache")
        runs = (recording(folder / "first", llm, 2), recording(folder / "second", llm, 3))
        return [await train_heads(run, llm, place, _QUICK, lambda *_: None) for run in runs]


async def announce(serving: Serving, models: list[Model]) -> None:
    for model in models:
        if model.kind != "policy":
            await serving.promote(model)


async def predicted(serving: Serving, llm: str, queries: int) -> list[Prediction]:
    found = await serving.until("predictions", Prediction.decode, lambda one: one.llm == llm, queries)
    return [prediction for _, prediction in found]


async def test_no_query_is_predicted_by_a_prior_while_encoder_and_heads_are_swapped(
    serving: Serving, encoder: EncoderFixture, tmp_path: Path
) -> None:
    llm = f"llm-{uuid4().hex[:8]}"
    first, second = await trained_twice(serving, encoder, llm, tmp_path / "runs")
    endpoint = {"llm_name": llm, "llm_base_url": "http://127.0.0.1:1/v1", "llm_model": "m", "llm_probe": "off"}
    prices = {"llm_usd_per_mtok_input": "1", "llm_usd_per_mtok_output": "2", "llm_context_tokens": "1000"}
    predictor, embedder = serving.child("predictor", **endpoint, **prices), serving.child("embedder")
    await predictor.until_ready(60)
    await announce(serving, first.live)
    await embedder.until_ready(60)
    asked = [Query(query_id=uuid4().hex, prompt=f"How do I bake {number} loaves?") for number in range(_QUERIES)]

    async def load() -> None:
        for number, query in enumerate(asked):
            await serving.produce("queries", [query.encode()], number % HOME_PARTITIONS)
            await asyncio.sleep(0.03)

    async with asyncio.TaskGroup() as group:
        group.create_task(load())
        await asyncio.sleep(1)
        await announce(serving, second.live)

    made = await predicted(serving, llm, _QUERIES)
    assert {one.head for one in made} == {run.candidates[0].model.version for run in (first, second)}
    assert metric(predictor, "prior_predictions_total") == 0
    wanted = {query.query_id for query in asked}
    found = await serving.until("accepted", Accepted.decode, lambda one: one.query.query_id in wanted, _QUERIES)
    assert {one.encoder for _, one in found} == {run.live[-2].version for run in (first, second)}
    assert {one.domain for _, one in found} == {"recipe"}
    assert all(one.distance is not None and 0 < one.distance < 1 for _, one in found)
    assert all(len(unpack_vector(one.neighbours or "")) == 8 * AtlasConfig().neighbours for _, one in found)
