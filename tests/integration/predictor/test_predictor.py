"""A predictor's process on a real broker: its descriptor, its prior, its heads."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import numpy as np
import psutil
import pytest
from aiohttp import web
from onnx import TensorProto, helper

from pointsman.local.process import Child
from services.trainer.fitting.basis import HeadConfig, basis_of_one
from services.trainer.fitting.examples import Examples
from services.trainer.fitting.graph import head_graph
from services.trainer.fitting.heads import fit
from shared import topics
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.registry import llms, remove_llm
from shared.messages import Embedding, Llm, Model, Prediction, pack_vector
from shared.stream.admin import partition_counts
from shared.stream.records import Outgoing
from tests.integration.serving import Serving, eventually, metric

DIMENSIONS = 8


@pytest.fixture
async def endpoint() -> AsyncIterator[str]:
    """Something that answers where an LLM should."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": []})

    app = web.Application()
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.fixture
def descriptor(endpoint: str) -> dict[str, str]:
    return {
        "llm_name": f"llm-{uuid4().hex[:12]}",
        "llm_base_url": endpoint,
        "llm_usd_per_mtok_input": "1",
        "llm_usd_per_mtok_output": "2",
        "llm_parallelism": "3",
        "llm_prior_quality": "0.61",
    }


@pytest.fixture
async def predictor(serving: Serving, descriptor: dict[str, str]) -> Child:
    child = serving.child("predictor", **descriptor)
    await child.until_ready(60)
    return child


def store_head(serving: Serving, llm: str, encoder: str, level: float) -> Model:
    """A head whose quality is near `level` everywhere."""
    random = np.random.default_rng(3)
    vectors = random.normal(size=(200, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    noise = random.normal(size=200).astype(np.float32) * 0.01
    examples = Examples(
        vectors, np.full(200, 50, np.float32), level + noise, np.full(200, 123, np.float32), np.arange(200) % 5 == 0
    )
    config = HeadConfig(quality=("ridge",), length=("ridge",))
    basis = basis_of_one(examples, config, seed=0)
    head = fit(examples, basis, basis.see(examples.inputs), config)
    assert head is not None
    stored = Artifacts(serving.artifacts).put(head_graph(head), {})
    return Model(kind="head", llm=llm, version=f"level-{level}", encoder=encoder, sha256=stored.sha256, url=stored.url)


def graph_of_other_shapes() -> bytes:
    """A good ONNX graph that takes a head's embedding and gives it back."""
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", DIMENSIONS]) for name in ("embedding", "out")]
    graph = helper.make_graph([helper.make_node("Identity", ["embedding"], ["out"])], "same", shape[:1], shape[1:])
    opset = helper.make_opsetid("", 20)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()


def embeddings(count: int, encoder: str, dimensions: int = DIMENSIONS) -> list[Embedding]:
    vector = pack_vector(np.full(dimensions, dimensions**-0.5, "<f4").tobytes())
    first = uuid4().int % 10**15
    return [
        Embedding(origin=f"{number}-{first}", accepted_at=1.0, vector=vector, encoder=encoder, prompt_tokens=12)
        for number in range(count)
    ]


async def predict(serving: Serving, llm: str, sent: list[Embedding]) -> list[Prediction]:
    await serving.produce("embeddings", [one.encode() for one in sent], partition=1)
    origins = {one.origin for one in sent}

    def wanted(one: Prediction) -> bool:
        return one.llm == llm and one.origin in origins

    found = await serving.until("predictions", Prediction.decode, wanted, len(sent))
    assert {record.position.partition for record, _ in found} == {1}
    assert len(found) == len(sent)
    return [prediction for _, prediction in found]


async def until_head_serves(serving: Serving, llm: str) -> None:
    deadline = asyncio.get_running_loop().time() + 30
    while (await predict(serving, llm, embeddings(1, "encoder-a")))[0].head is None:
        assert asyncio.get_running_loop().time() < deadline, "the head is not served after 30 s"


async def test_a_new_worker_registers_its_llm_creates_its_topics_and_announces_it(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    name = descriptor["llm_name"]

    announced = await serving.until("llms", Llm.decode, lambda llm: llm.name == name, 1)

    llm = announced[0][1]
    assert (llm.revision, llm.parallelism, llm.usd_per_mtok_output) == (1, 3, 2.0)
    assert await partition_counts(serving.kafka, [f"dispatch.{name}", f"dispatch-batch.{name}"]) == {
        f"dispatch.{name}": 3,
        f"dispatch-batch.{name}": 3,
    }
    database = Database(serving.postgres)
    async with database.session() as session:
        assert await llms(session) == [llm]
    await database.close()


async def test_the_prior_is_served_and_marked_until_there_is_a_head(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    made = await predict(serving, descriptor["llm_name"], embeddings(3, "encoder-a"))

    assert {(one.quality, one.head, one.uncertainty) for one in made} == {(0.61, None, 1.0)}
    assert metric(predictor, "prior_predictions_total") == 3


async def test_a_head_is_swapped_under_load_without_a_restart_or_a_lost_query(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    name = descriptor["llm_name"]
    first, second = store_head(serving, name, "encoder-a", 0.2), store_head(serving, name, "encoder-a", 0.8)
    await serving.promote(first)
    sent = embeddings(150, "encoder-a")

    async def load() -> None:
        for one in sent:
            await serving.produce("embeddings", [one.encode()], partition=1)
            await asyncio.sleep(0.02)

    pid = predictor.pid
    async with asyncio.TaskGroup() as group:
        group.create_task(load())
        await asyncio.sleep(1)
        await serving.promote(second)

    origins = {one.origin for one in sent}
    found = await serving.until("predictions", Prediction.decode, lambda p: p.llm == name and p.origin in origins, 150)
    assert {one.origin for _, one in found} == origins
    assert {"level-0.2", "level-0.8"} <= {one.head for _, one in found}
    assert predictor.pid == pid
    for _, one in found:
        if one.head == "level-0.8":
            assert one.quality == pytest.approx(0.8, abs=0.05)
            assert one.response_tokens.mean == pytest.approx(123, rel=0.02)
            assert 0 < one.uncertainty <= 1


async def test_heads_of_the_live_and_the_previous_encoder_both_serve(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    name = descriptor["llm_name"]
    for encoder, level in (("encoder-old", 0.1), ("encoder-a", 0.3), ("encoder-b", 0.7)):
        await serving.promote(store_head(serving, name, encoder, level))
        await asyncio.sleep(0.5)
    await serving.promote(Model(kind="encoder", version="encoder-b"))

    async def both_loaded() -> bool:
        made = await predict(serving, name, embeddings(1, "encoder-a") + embeddings(1, "encoder-b"))
        return {one.head for one in made} == {"level-0.3", "level-0.7"}

    deadline = asyncio.get_running_loop().time() + 30
    while not await both_loaded():
        assert asyncio.get_running_loop().time() < deadline
    assert [one.head for one in await predict(serving, name, embeddings(1, "encoder-old"))] == [None]


async def test_a_head_file_with_other_bytes_or_shapes_is_refused_and_the_old_one_stays(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    name = descriptor["llm_name"]
    good = store_head(serving, name, "encoder-a", 0.2)
    await serving.promote(good)
    await until_head_serves(serving, name)
    store = Artifacts(serving.artifacts)
    no_head = store.put(b"this is no graph", {})
    of_other_shapes = store.put(graph_of_other_shapes(), {})

    await serving.promote(good.model_copy(update={"version": "missing", "sha256": "0" * 64}))
    await eventually(lambda: metric(predictor, "refused_models_total") == 1, "a missing file is refused")
    await serving.promote(good.model_copy(update={"version": "not onnx", "sha256": no_head.sha256}))
    await eventually(lambda: metric(predictor, "refused_models_total") == 2, "bytes that are no graph are refused")
    await serving.promote(good.model_copy(update={"version": "other shapes", "sha256": of_other_shapes.sha256}))
    await eventually(lambda: metric(predictor, "refused_models_total") == 3, "a graph of other shapes is refused")

    made = await predict(serving, name, embeddings(1, "encoder-a"))
    assert made[0].head == "level-0.2"


async def test_an_embedding_of_other_dimensions_is_buried_and_its_neighbours_are_served(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    name = descriptor["llm_name"]
    await serving.promote(store_head(serving, name, "encoder-a", 0.2))
    await until_head_serves(serving, name)
    good, wrong = embeddings(2, "encoder-a"), embeddings(1, "encoder-a", DIMENSIONS + 1)[0]
    garbage = f"garbage {uuid4().hex}".encode()

    await serving.produce("embeddings", [wrong.encode(), garbage], partition=1)
    made = await predict(serving, name, good)

    assert {one.head for one in made} == {"level-0.2"}
    dead = await serving.until("embeddings.dead", bytes, lambda value: value in (wrong.encode(), garbage), 2)
    assert {record.value for record, _ in dead} == {wrong.encode(), garbage}


async def test_a_removed_llm_ends_its_worker_and_stays_removed(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    database = Database(serving.postgres)
    async with database.session() as session:
        removed = await remove_llm(session, descriptor["llm_name"])
        await session.commit()
    await database.close()

    await serving.producer([Outgoing(topics.LLMS.name, removed.encode(), key=removed.name.encode())])
    code = await asyncio.wait_for(predictor.ended(), 30)
    again = serving.child("predictor", **descriptor)

    assert code == 0
    assert await asyncio.wait_for(again.ended(), 60) == 2
    assert "was removed and stays removed" in serving.log(again.program.name).read_text()


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"llm_name": "Not Allowed"}, "POINTSMAN_LLM_NAME"),
        ({"llm_usd_per_mtok_output": "-1"}, "POINTSMAN_LLM_USD_PER_MTOK_OUTPUT"),
        ({"llm_base_url": "http://127.0.0.1:9/v1"}, "POINTSMAN_LLM_BASE_URL: nothing answers"),
    ],
)
async def test_a_descriptor_that_cannot_work_is_refused_at_start_by_name(
    change: dict[str, str], variable: str, serving: Serving, descriptor: dict[str, str]
) -> None:
    child = serving.child("predictor", **(descriptor | change))

    assert await asyncio.wait_for(child.ended(), 60) == 2
    assert variable in serving.log(child.program.name).read_text().strip().splitlines()[-1]


async def test_a_known_llm_comes_back_though_its_endpoint_is_away(
    serving: Serving, predictor: Child, descriptor: dict[str, str], endpoint: str
) -> None:
    away = descriptor | {"llm_base_url": "http://127.0.0.1:9/v1", "llm_probe": "off"}
    changed = serving.child("predictor", **away)
    await changed.until_ready(60)
    await changed.stop()

    again = serving.child("predictor", **(away | {"llm_probe": "on"}))

    await again.until_ready(60)


async def test_a_predictor_with_a_head_stays_small(
    serving: Serving, predictor: Child, descriptor: dict[str, str]
) -> None:
    name = descriptor["llm_name"]
    await serving.promote(store_head(serving, name, "encoder-a", 0.2))
    await until_head_serves(serving, name)
    await predict(serving, name, embeddings(300, "encoder-a"))

    memory = psutil.Process(predictor.pid).memory_full_info()
    print(f"predictor: {memory.uss / 1e6:.0f} MB of its own, {memory.rss / 1e6:.0f} MB with shared libraries")
    # What one more predictor takes: the libraries' pages are shared by all of a machine.
    assert memory.uss < 85e6
