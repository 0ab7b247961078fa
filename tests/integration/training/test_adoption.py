"""A tuned encoder against the plain one: adopted where heads surely gain by it, else rejected with the numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pointsman.training.recorded import Recorded, read_pool, read_recorded
from pointsman.training.tagging.domains import Domains, group_queries
from pointsman.training.tagging.labels import LabelTagger
from pointsman.training.tuning.adoption import tune_encoder
from pointsman.training.tuning.config import AdoptConfig, TuneConfig
from pointsman.training.tuning.desk import Desk
from services.embedder.export import ExportConfig, export
from shared.artifacts import Artifacts
from shared.encoder import Encoder, EncoderCard
from shared.errors import ConfigurationError
from tests.integration.training.recording import write_recording

# Word vectors alone: quick, and far from knowing topics.
CONFIG = AdoptConfig(TuneConfig(epochs=8, batch=32, learning_rate=1e-3, checks_per_epoch=1), depth=0, max_length=32)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Answers of a cook and a sailor, who are each good at one topic."""
    data, pool = write_recording(tmp_path_factory.mktemp("recording"), rows_per_prompt=1)
    both = read_recorded([data], read_pool(pool))
    return Recorded(both.prompts, {llm: both.answers[llm] for llm in ("cook", "sailor")}, both.datasets)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    store = Artifacts(tmp_path.joinpath("store").as_uri())
    (plain,) = export(ExportConfig(depth=0, max_length=32, int8=False), store)
    return Desk(Encoder.load(plain.model, store), store, tmp_path / "cache", lambda _stage, _done, _total: None)


def domains(recorded: Recorded, desk: Desk) -> Domains:
    return group_queries(recorded.prompts, LabelTagger.of(recorded), desk.plain, lambda _done: None)


def test_it_is_adopted_where_domains_tell_who_is_good(recorded: Recorded, desk: Desk) -> None:
    adoption = tune_encoder(recorded, domains(recorded, desk), desk, CONFIG)

    assert adoption.verdict.wins
    assert adoption.verdict.tuned < adoption.verdict.plain
    served = adoption.served
    assert served is not None
    card = EncoderCard.model_validate(dict(desk.artifacts.card(str(served.model.sha256))))
    assert (card.name, card.depth) == ("minilm-tuned", 0)
    assert card.tuning is not None
    assert card.tuning["tagger"] == "labels"


def test_it_is_rejected_with_the_numbers_where_nothing_can_be_told(recorded: Recorded, desk: Desk) -> None:
    random = np.random.default_rng(0)
    cook = recorded.answers["cook"]
    flips = random.integers(0, 2, len(cook.query)).astype(np.float32)
    coin = replace(cook, quality=flips)
    noise = replace(recorded, answers={"coin": coin})

    adoption = tune_encoder(noise, domains(recorded, desk), desk, CONFIG)

    assert adoption.served is None
    assert all("not surely better" in str(each.rejected) for each in adoption.exported)


def test_what_is_tuned_is_what_would_be_exported() -> None:
    exported, tuned = ExportConfig(), AdoptConfig()

    assert (tuned.model, tuned.depth, tuned.max_length) == (exported.model, exported.depth, exported.max_length)


def test_one_domain_or_none_is_refused(recorded: Recorded, desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="at least two kinds, got 0"):
        tune_encoder(recorded, Domains((), (None,) * len(recorded.prompts)), desk, CONFIG)
