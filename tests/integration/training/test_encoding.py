"""`pointsman train --tune-encoder`: what goes live together, and what stays."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pointsman.command.encoding import Tagging, Tuning, describe, train_config
from pointsman.training.config import TrainConfig
from pointsman.training.encoding import EncodingConfig
from pointsman.training.recorded import Recorded, read_pool, read_recorded
from pointsman.training.training import Trained, Workplace, train_heads
from pointsman.training.tuning.config import AdoptConfig, TuneConfig
from services.embedder.export import ExportConfig, Exported, export, register
from services.trainer.fitting.basis import HeadConfig
from shared.artifacts import Artifacts
from shared.atlas import Atlas
from shared.database.engine import Database
from shared.database.registry import live_models, models
from shared.errors import ConfigurationError
from shared.messages import Model
from tests.integration.training.recording import write_recording

_QUICK = HeadConfig(quality=("ridge",), length=("ridge",))
# Word vectors alone: quick to tune, and far from knowing topics.
_SHALLOW = AdoptConfig(
    TuneConfig(epochs=4, batch=32, learning_rate=1e-3, checks_per_epoch=1), depth=0, max_length=32, tagger="labels"
)


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    data, pool = write_recording(tmp_path, rows_per_prompt=2)
    found = read_recorded([data], read_pool(pool))
    return replace(found, answers={llm: found.answers[llm] for llm in ("cook", "sailor")})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def store(cache: Path) -> Artifacts:
    return Artifacts(cache.joinpath("store").as_uri())


@pytest.fixture(scope="module")
def plain(store: Artifacts) -> list[Exported]:
    return export(ExportConfig(depth=0, max_length=32, int8=False), store)


@pytest.fixture
async def place(url: str, plain: list[Exported], store: Artifacts, cache: Path) -> AsyncIterator[Workplace]:
    """Where a plain encoder of word vectors is live."""
    async with Database(url) as database:
        await register(plain, database)
        yield Workplace(store, database, cache)


async def train(recorded: Recorded, tuning: AdoptConfig | None, place: Workplace) -> Trained:
    config = TrainConfig(heads=_QUICK, encoding=EncodingConfig(tuning=tuning))
    return await train_heads(recorded, "sailor", place, config, lambda *_: None)


async def live(place: Workplace) -> dict[str, Model]:
    async with place.database.session() as session:
        return {model.llm or model.kind: model for model in await live_models(session)}


async def test_a_tuned_encoder_that_wins_goes_live_with_its_atlas_and_its_heads(
    recorded: Recorded, place: Workplace
) -> None:
    trained = await train(recorded, _SHALLOW, place)

    now = await live(place)
    encoder = now["encoder"]
    assert encoder.version.startswith("minilm-tuned-d0-")
    assert now["cook"].encoder == now["sailor"].encoder == encoder.version
    assert encoder.atlas_sha256 is not None
    assert sorted(Atlas.load(encoder.atlas_sha256, place.artifacts).card.domains) == ["recipe", "sailing"]
    assert any(line.startswith("Tuned encoder adopted") for line in describe(trained.encoding))


async def test_one_that_does_not_stays_in_the_registry_as_rejected(recorded: Recorded, place: Workplace) -> None:
    idle = replace(_SHALLOW, tuning=TuneConfig(epochs=1, learning_rate=0.0))

    trained = await train(recorded, idle, place)

    assert (await live(place))["encoder"].version.startswith("minilm-d0-")
    async with place.database.session() as session:
        tuned = [one for one in await models(session) if one.model.version.startswith("minilm-tuned-")]
    assert {one.status for one in tuned} == {"rejected"}
    assert all("not surely better" in str(one.reason) for one in tuned)
    assert any("rejected, the plain one stays" in line for line in describe(trained.encoding))


async def test_without_tuning_the_atlas_knows_the_data_sets(recorded: Recorded, place: Workplace) -> None:
    trained = await train(recorded, None, place)

    atlas = (await live(place))["encoder"].atlas_sha256
    assert atlas is not None
    assert sorted(Atlas.load(atlas, place.artifacts).card.domains) == ["recipe", "sailing"]
    (line,) = describe(trained.encoding)
    assert line.startswith("Domains: 2, of 100% of the queries: ")
    assert "sailing 50%" in line


@pytest.mark.parametrize(
    ("tagging", "says"),
    [
        (Tagging("chat"), "--tagger-url and --tagger-model"),
        (Tagging("chat", "ftp://x", "m"), "--tagger-url: expected a URL"),
    ],
)
def test_a_tagger_that_cannot_be_asked_is_named(tagging: Tagging, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=says):
        train_config(tagging, Tuning(1, 2), tmp_path, seed=0)
