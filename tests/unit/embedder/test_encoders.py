"""Which encoder is live."""

from services.embedder.encoders import Encoders
from shared.encoder import Encoder
from shared.errors import ArtifactError
from shared.messages import Model
from shared.metrics import Metrics
from shared.stream.records import Position, Record


def announced(version: str, revision: int, kind: str = "encoder", atlas_sha256: str | None = None) -> Record:
    whose = {"llm": "x", "encoder": "e", "atlas_sha256": atlas_sha256}
    model = Model.model_validate({"kind": kind, "version": version, "revision": revision, **whose})
    return Record(Position("models", 0, revision), model.encode(), 1.0)


class Loader:
    """Loads nothing, remembers what it was asked for; versions called `bad` are refused."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, model: Model) -> Encoder:
        self.loaded.append(model.version)
        if model.version == "bad":
            raise ArtifactError("wrong sha256")
        return Encoder.__new__(Encoder)


async def test_only_the_highest_revision_is_loaded_and_once() -> None:
    loader = Loader()
    encoders = Encoders(loader, Metrics())

    for record in (announced("old", 1), announced("new", 3), announced("older", 2), announced("head", 9, "head")):
        encoders.receive(record)
    assert not encoders.ready.is_set()
    await encoders.refresh()
    await encoders.refresh()

    assert loader.loaded == ["new"]
    assert encoders.ready.is_set()


async def test_a_refused_encoder_leaves_the_old_one_live_and_is_not_tried_again() -> None:
    loader, metrics = Loader(), Metrics()
    encoders = Encoders(loader, metrics)
    encoders.receive(announced("good", 1))
    await encoders.refresh()
    good = encoders.live

    encoders.receive(announced("bad", 2))
    await encoders.refresh()
    await encoders.refresh()

    assert encoders.live is good
    assert loader.loaded == ["good", "bad"]
    assert metrics.registry.get_sample_value("pointsman_refused_models_total", {"kind": "encoder"}) == 1


async def test_an_emptied_key_is_ignored() -> None:
    encoders = Encoders(Loader(), Metrics())

    encoders.receive(Record(Position("models", 0, 0), b"", 1.0))
    await encoders.refresh()

    assert encoders.live is None


async def test_heads_get_time_to_load_before_an_encoder_with_an_atlas_takes_over() -> None:
    waited: list[tuple[float, Encoder | None]] = []

    async def sleep(wait_s: float) -> None:
        waited.append((wait_s, encoders.live))

    encoders = Encoders(Loader(), Metrics(), sleep)
    for revision, atlas in enumerate(("a" * 64, "b" * 64, None)):
        before = encoders.live
        encoders.receive(announced(f"e{revision}", revision, atlas_sha256=atlas))
        await encoders.refresh()
        assert encoders.live is not before

    [(wait_s, serving)] = waited
    assert wait_s > 1
    assert serving is not None
