"""What becomes of embeddings while no head is there, and of stale ones."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from services.predictor.handler import PredictHandler, read_embedding
from shared.errors import PermanentError
from shared.head import Forecasts, Head, Inputs
from shared.messages import Embedding, Llm, Prediction, pack_vector
from shared.metrics import Metrics
from shared.packed import pack_neighbours
from shared.stream.records import Position, Record
from tests.unit.heads import WIDTHS, head

LLM = Llm(
    name="small",
    base_url="http://localhost/v1",
    model="small",
    usd_per_mtok_input=1,
    usd_per_mtok_output=1,
    context_tokens=8192,
    prior_quality=0.4,
)


def record(offset: int, appended_at: float, vector: bytes = np.ones(4, "<f4").tobytes(), **packed: bytes) -> Record:
    embedding = Embedding(
        origin=f"0-{offset}",
        accepted_at=1.0,
        vector=pack_vector(vector),
        encoder="e",
        prompt_tokens=9,
        **{name: pack_vector(value) for name, value in packed.items()},
    )
    return Record(Position("embeddings", 2, offset), embedding.encode(), appended_at, headers={"traceparent": b"t"})


def serving(head: Head | None) -> Callable[[str], Awaitable[Head | None]]:
    async def of(_encoder: str) -> Head | None:
        return head

    return of


async def test_embeddings_older_than_600_s_are_skipped_and_counted() -> None:
    metrics = Metrics()
    batch = [record(0, appended_at=399.9), record(1, appended_at=400.0), record(2, appended_at=999.0)]
    with ThreadPoolExecutor(1) as thread:
        handler = PredictHandler(LLM, serving(None), thread, lambda: 1000.0, metrics)

        outgoing = await handler.handle([(one, read_embedding(one)) for one in batch])

    made = [Prediction.decode(each.value) for each in outgoing]
    assert [one.origin for one in made] == ["0-1", "0-2"]
    assert metrics.registry.get_sample_value("pointsman_skipped_embeddings_total", {"llm": "small"}) == 1
    assert {(one.quality, one.head, one.uncertainty) for one in made} == {(0.4, None, 1.0)}
    assert {(each.topic, each.partition, each.headers["traceparent"]) for each in outgoing} == {
        ("predictions", 2, b"t")
    }


@pytest.mark.parametrize("vector", [b"", np.array([1, np.nan], "<f4").tobytes(), np.array([np.inf], "<f4").tobytes()])
def test_a_vector_that_is_none_is_refused(vector: bytes) -> None:
    with pytest.raises(PermanentError, match="finite numbers"):
        read_embedding(record(0, 1.0, vector))


class Familiar:
    """A head that has seen so much that float32 puts its uncertainty just below 0."""

    dimensions, version = 4, "head-1"

    def lacks(self, inputs: Inputs) -> None:
        """Nothing."""

    def predict(self, inputs: Inputs) -> Forecasts:
        half = np.full(len(inputs.vectors), 0.5, np.float32)
        return Forecasts(half, half, half, half, np.full(len(inputs.vectors), -1e-9, np.float32))


async def test_an_uncertainty_rounded_below_0_is_none() -> None:
    with ThreadPoolExecutor(1) as thread:
        handler = PredictHandler(LLM, serving(Familiar()), thread, lambda: 2.0, Metrics())  # type: ignore[arg-type]

        [outgoing] = await handler.handle([(record(0, 1.0), read_embedding(record(0, 1.0)))])

    assert Prediction.decode(outgoing.value).uncertainty == 0.0


async def test_what_was_embedded_without_what_the_head_reads_gets_the_prior_and_its_neighbours_the_head() -> None:
    metrics, ones = Metrics(), np.ones(3, "<f4").tobytes()
    neighbours = pack_neighbours(np.array([1, 0]), np.array([0.75, 0.5], np.float32))
    batch = [
        record(0, 1.0, ones),
        record(1, 1.0, ones, neighbours=neighbours),
        record(2, 1.0, ones, features=np.ones(2, "<f4").tobytes(), neighbours=neighbours),
        record(3, 1.0, ones, neighbours=neighbours[:8]),
    ]
    reads = {name: WIDTHS[name] for name in ("embedding", "prompt_tokens", "neighbours", "similarities")}
    with ThreadPoolExecutor(1) as thread:
        handler = PredictHandler(LLM, serving(head(**reads)), thread, lambda: 2.0, metrics)

        outgoing = await handler.handle([(one, read_embedding(one)) for one in batch])

    made = {one.origin: (one.head, one.quality) for one in map(Prediction.decode, (each.value for each in outgoing))}
    assert made == {"0-0": (None, 0.4), "0-1": ("v1", 0.75), "0-2": ("v1", 0.75), "0-3": (None, 0.4)}
    assert metrics.registry.get_sample_value("pointsman_prior_predictions_total", {"llm": "small"}) == 2
