"""An embedder's process on a real broker: what it accepts, what it refuses, how it swaps its encoder."""

import asyncio
import json
from uuid import uuid4

import numpy as np
import pytest

from shared import topics
from shared.artifacts import Artifacts
from shared.encoder import Encoder, Text
from shared.features import features_of
from shared.messages import Accepted, Embedding, Model, Query, Response, unpack_vector
from tests.integration.conftest import EncoderFixture
from tests.integration.serving import HOME_PARTITIONS, Serving, eventually, metric


@pytest.fixture
async def started(serving: Serving, encoder: EncoderFixture) -> Serving:
    """An embedder that serves the int8 encoder."""
    await serving.promote(encoder.int8.model)
    await serving.child("embedder").until_ready(60)
    return serving


def queries(count: int, **fields: object) -> list[Query]:
    marks = [uuid4().hex for _ in range(count)]
    return [Query.model_validate({"query_id": mark, "prompt": f"What is {mark[:3]}?", **fields}) for mark in marks]


async def test_accepted_and_embedding_land_on_the_home_partition_with_the_encoders_vector(
    started: Serving, encoder: EncoderFixture
) -> None:
    asked = queries(5)

    places = await started.produce("queries", [query.encode() for query in asked], partition=1)

    origins = {topics.origin_of(*place) for place in places}
    embeddings = await started.until("embeddings", Embedding.decode, lambda one: one.origin in origins, 5)
    accepted = await started.until("accepted", Accepted.decode, lambda one: one.origin in origins, 5)
    local = Encoder.load(encoder.int8.model, Artifacts(encoder.artifacts_url))
    prompts = {one.origin: one.query.prompt for _, one in accepted}
    assert {one.origin: one.features for _, one in accepted} == {one.origin: one.features for _, one in embeddings}
    for record, one in embeddings:
        assert record.position.partition == topics.home(one.origin, HOME_PARTITIONS)
        vector = np.frombuffer(unpack_vector(one.vector), "<f4")
        expected = local.encode([Text(prompts[one.origin] or "")], 1)[0]
        assert vector @ expected.vector > 0.999
        assert one.features is not None
        features = np.frombuffer(unpack_vector(one.features), "<f4")
        assert np.array_equal(features, features_of(prompts[one.origin] or ""))
        assert (one.encoder, one.prompt_tokens) == (encoder.int8.model.version, expected.prompt_tokens)
        assert b"What is" not in record.value
    assert sorted(one.query.query_id for _, one in accepted) == sorted(query.query_id for query in asked)
    assert all(record.position.partition == topics.home(one.origin, HOME_PARTITIONS) for record, one in accepted)


async def test_batch_queries_are_marked_and_never_share_an_origin(started: Serving) -> None:
    query = queries(1)[0]

    place = (await started.produce("queries-batch", [query.encode()]))[0]

    found = await started.until("accepted", Accepted.decode, lambda one: one.query.query_id == query.query_id, 1)
    assert found[0][1].batch
    assert found[0][1].origin == f"b{place.partition}-{place.offset}"


async def test_bad_queries_are_refused_and_buried_and_good_ones_beside_them_served(started: Serving) -> None:
    good = queries(3)
    mark = uuid4().hex
    bad = {
        "not json": (b"{oops", "invalid"),
        "invalid utf-8": (b'{"query_id": "u", "prompt": "\xff"}', "invalid"),
        "no prompt": (json.dumps({"query_id": mark + "1"}).encode(), "invalid"),
        "nan": (b'{"query_id": "n", "prompt": "x", "preferences": {"willingness_to_pay": NaN}}', "invalid"),
        "empty": (json.dumps({"query_id": mark + "2", "prompt": " \n"}).encode(), "empty_prompt"),
        "control": (json.dumps({"query_id": mark + "3", "prompt": "a\x00b"}).encode(), "control_characters"),
        "long": (json.dumps({"query_id": mark + "4", "prompt": "a " * 300_000}).encode(), "too_long"),
        "top_k": (
            json.dumps({"query_id": mark + "5", "prompt": "x", "preferences": {"top_k": 2}}).encode(),
            "not_supported",
        ),
    }
    values = [value for value, _ in bad.values()]

    places = await started.produce("queries", [good[0].encode(), *values, good[1].encode(), good[2].encode()])

    refused = {topics.origin_of(*place) for place in places[1 : 1 + len(bad)]}
    responses = await started.until("responses", Response.decode, lambda one: one.origin in refused, len(bad))
    by_origin = {one.origin: one for _, one in responses}
    kinds = [error.kind for place in places[1:9] if (error := by_origin[topics.origin_of(*place)].error)]
    assert kinds == [kind for _, kind in bad.values()]
    assert by_origin[topics.origin_of(*places[3])].query_id == mark + "1"
    dead = await started.until("queries.dead", bytes, lambda value: value in values, len(bad))
    assert {record.value for record, _ in dead} == set(values)
    wanted = {query.query_id for query in good}
    await started.until("accepted", Accepted.decode, lambda one: one.query.query_id in wanted, 3)


async def test_a_refusal_goes_to_the_partition_that_was_asked_for(started: Serving) -> None:
    query_id = uuid4().hex

    await started.produce("queries", [json.dumps({"query_id": query_id, "prompt": "", "reply_partition": 3}).encode()])

    found = await started.until("responses", Response.decode, lambda one: one.query_id == query_id, 1)
    assert found[0][0].position.partition == 3


async def test_the_encoder_is_swapped_under_load_without_losing_a_query(
    started: Serving, encoder: EncoderFixture
) -> None:
    asked = queries(120)

    async def load() -> None:
        for number, query in enumerate(asked):
            await started.produce("queries", [query.encode()], number % HOME_PARTITIONS)
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        group.create_task(load())
        await asyncio.sleep(0.5)
        await started.promote(encoder.float32.model)

    wanted = {query.query_id for query in asked}
    found = await started.until("accepted", Accepted.decode, lambda one: one.query.query_id in wanted, len(asked))
    assert {one.query.query_id for _, one in found} == wanted
    assert {one.encoder for _, one in found} == {encoder.int8.model.version, encoder.float32.model.version}


async def test_an_encoder_that_cannot_be_loaded_is_refused_and_the_old_one_serves_on(
    started: Serving, encoder: EncoderFixture
) -> None:
    query = queries(1)[0]
    embedder = started.children[0]

    await started.promote(Model(kind="encoder", version="broken", sha256="0" * 64, url="file:///nowhere"))
    await eventually(lambda: metric(embedder, "refused_models_total") == 1, "the refusal is counted")
    await started.produce("queries", [query.encode()])

    found = await started.until("accepted", Accepted.decode, lambda one: one.query.query_id == query.query_id, 1)
    assert found[0][1].encoder == encoder.int8.model.version
