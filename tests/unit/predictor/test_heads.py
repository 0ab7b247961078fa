"""Which heads a predictor keeps."""

import asyncio

from services.predictor.heads import Heads
from shared.errors import ArtifactError
from shared.head import Head
from shared.messages import Model
from shared.metrics import Metrics
from shared.stream.records import Position, Record


def loaded(model: Model) -> Head:
    if model.version == "bad":
        raise ArtifactError("wrong shape")
    head = Head.__new__(Head)
    head.version = model.version
    return head


def tell(heads: Heads, **fields: object) -> None:
    model = Model.model_validate(fields)
    heads.receive(Record(Position("models", 0, 0), model.encode(), 1.0))


async def serving(heads: Heads, *encoders: str) -> list[str | None]:
    found = [await heads.of(encoder) for encoder in encoders]
    return [None if head is None else head.version for head in found]


async def test_the_live_and_the_previous_encoders_heads_are_kept_and_older_ones_dropped() -> None:
    heads = Heads("a", loaded, Metrics())
    for revision, encoder in enumerate(("e1", "e2", "e3")):
        tell(heads, kind="encoder", version=encoder, revision=revision)
        tell(heads, kind="head", llm="a", version=f"h-{encoder}", encoder=encoder, revision=1)
        await heads.refresh()

    assert await serving(heads, "e1", "e2", "e3") == [None, "h-e2", "h-e3"]


async def test_a_rolled_back_encoder_keeps_its_head_whatever_came_last() -> None:
    heads = Heads("a", loaded, Metrics())
    for encoder in ("e1", "e2", "e3"):
        tell(heads, kind="head", llm="a", version=f"h-{encoder}", encoder=encoder, revision=1)
    tell(heads, kind="encoder", version="e1", revision=4)

    await heads.refresh()

    assert await serving(heads, "e1", "e2", "e3") == ["h-e1", None, "h-e3"]


async def test_only_this_llms_newest_revision_counts() -> None:
    heads = Heads("a", loaded, Metrics())
    tell(heads, kind="head", llm="a", version="new", encoder="e", revision=5)
    tell(heads, kind="head", llm="a", version="repeated", encoder="e", revision=4)
    tell(heads, kind="head", llm="b", version="other", encoder="e", revision=9)

    await heads.refresh()

    assert await serving(heads, "e") == ["new"]


async def test_a_refused_head_leaves_the_old_one_in_place() -> None:
    metrics = Metrics()
    heads = Heads("a", loaded, metrics)
    tell(heads, kind="head", llm="a", version="good", encoder="e", revision=1)
    await heads.refresh()

    tell(heads, kind="head", llm="a", version="bad", encoder="e", revision=2)
    await heads.refresh()
    await heads.refresh()

    assert await serving(heads, "e") == ["good"]
    assert metrics.registry.get_sample_value("pointsman_refused_models_total", {"kind": "head"}) == 1


async def test_a_first_head_that_was_announced_is_waited_for_and_a_swap_is_not() -> None:
    heads = Heads("a", loaded, Metrics())
    tell(heads, kind="head", llm="a", version="first", encoder="e", revision=1)
    assert await serving(heads, "e", "other") == ["first", None]

    tell(heads, kind="head", llm="a", version="second", encoder="e", revision=2)

    assert await serving(heads, "e") == ["first"]


async def test_a_head_wanted_by_many_at_once_is_loaded_once() -> None:
    asked: list[str] = []

    def load(model: Model) -> Head:
        asked.append(model.version)
        return loaded(model)

    heads = Heads("a", load, Metrics())
    tell(heads, kind="head", llm="a", version="first", encoder="e", revision=1)

    await asyncio.gather(heads.of("e"), heads.refresh(), heads.of("e"))

    assert asked == ["first"]
