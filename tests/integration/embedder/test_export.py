"""The exported encoder against torch, and what int8 and batches change."""

import numpy as np
import pytest
import torch

from services.embedder.export import ExportConfig, export
from services.embedder.graph import load_source
from shared.artifacts import Artifacts
from shared.encoder import Encoder, Text
from shared.errors import ArtifactError, ConfigurationError
from shared.messages import Model
from tests.integration.conftest import EncoderFixture

TEXTS = [
    Text("Which city is the capital of Australia?"),
    Text("one"),
    Text("A train leaves at 9 and another at 10; " * 40),
    Text("def f(x):\n    return x + 1\nWhat is f(f(2))?"),
]


@pytest.fixture(scope="module")
def plain(encoder: EncoderFixture) -> Encoder:
    return Encoder.load(encoder.float32.model, Artifacts(encoder.artifacts_url))


@pytest.fixture(scope="module")
def int8(encoder: EncoderFixture) -> Encoder:
    return Encoder.load(encoder.int8.model, Artifacts(encoder.artifacts_url))


def test_the_float32_graph_reproduces_torch(plain: Encoder) -> None:
    source = load_source(None, plain.card.depth, plain.card.max_length)
    text = "Why is the sky blue, and why are sunsets red?"

    encoded = plain.encode([Text(text)], token_budget=1)[0]

    ids = torch.tensor([source.tokenizer.encode(text).ids])
    with torch.no_grad():
        expected = source.module(ids, torch.ones_like(ids)).numpy()[0]
    assert np.abs(encoded.vector - expected).max() < 1e-4


def test_padding_does_not_change_a_float32_vector(plain: Encoder) -> None:
    alone = plain.encode(TEXTS, token_budget=1)
    together = plain.encode(TEXTS, token_budget=100_000)

    assert [each.padded_tokens for each in alone] == [each.read_tokens for each in alone]
    assert len({each.padded_tokens for each in together}) == 1
    for one, other in zip(alone, together, strict=True):
        assert np.abs(one.vector - other.vector).max() < 1e-5


def test_int8_vectors_are_close_to_float32_and_do_not_depend_on_neighbours_when_alone(
    plain: Encoder, int8: Encoder
) -> None:
    exact = plain.encode(TEXTS, token_budget=1)
    alone = int8.encode(TEXTS, token_budget=1)
    again = int8.encode(TEXTS[::-1], token_budget=1)[::-1]

    assert np.mean([one.vector @ other.vector for one, other in zip(exact, alone, strict=True)]) > 0.98
    assert all((one.vector == other.vector).all() for one, other in zip(alone, again, strict=True))


def test_vectors_have_unit_length(int8: Encoder) -> None:
    for each in int8.encode(TEXTS, token_budget=64):
        assert np.linalg.norm(each.vector) == pytest.approx(1, abs=1e-5)


def test_long_texts_are_cut_to_head_and_tail_but_counted_whole(plain: Encoder) -> None:
    middle = "alpha beta gamma delta " * 200
    one, other = plain.encode([Text(f"Sum 2 and 3. {middle} Only the number.")] * 2, token_budget=1)
    changed = plain.encode([Text(f"Sum 2 and 3. {middle} epsilon {middle} Only the number.")], token_budget=1)[0]

    assert one.read_tokens == plain.card.max_length
    assert one.prompt_tokens > 800
    assert (one.vector == other.vector).all()
    assert changed.prompt_tokens > 2 * one.prompt_tokens - 20
    assert one.vector @ changed.vector > 0.95


def test_a_blob_without_spaces_is_counted_by_its_length(plain: Encoder) -> None:
    encoded = plain.encode([Text("Decode this: " + "QUJD" * 10_000)], token_budget=1)[0]

    assert encoded.prompt_tokens > 10_000


def test_tokens_of_a_conversation_are_those_of_all_its_turns(plain: Encoder) -> None:
    short, whole = plain.encode([Text("and now?"), Text("and now?", "word " * 500)], token_budget=1)

    assert (short.vector == whole.vector).all()
    assert whole.prompt_tokens == 500


def test_a_file_with_other_bytes_is_refused(encoder: EncoderFixture, tmp_path: object) -> None:
    store = Artifacts(f"file://{tmp_path}")
    kept = Artifacts(encoder.artifacts_url)
    model = encoder.int8.model
    assert model.sha256 is not None
    store.put(kept.get(model.sha256), kept.card(model.sha256))
    store.put(kept.get(encoder.int8.card.tokenizer_sha256), {})
    (tmp_path / model.sha256).write_bytes(b"not what it was")  # type: ignore[operator]

    with pytest.raises(ArtifactError, match="sha256"):
        Encoder.load(model, store)


def test_a_graph_that_is_no_encoder_is_refused(encoder: EncoderFixture) -> None:
    store = Artifacts(encoder.artifacts_url)
    card = encoder.int8.card.model_copy(update={"dimensions": 7})
    sha256 = encoder.int8.model.sha256
    assert sha256 is not None
    stored = store.put(store.get(sha256), encoder.int8.card.model_dump())
    wrong = Artifacts(encoder.artifacts_url + "-wrong")
    wrong.put(store.get(stored.sha256), card.model_dump())
    wrong.put(store.get(card.tokenizer_sha256), {})

    with pytest.raises(ArtifactError, match="expected outputs"):
        Encoder.load(Model(kind="encoder", version="wrong", sha256=sha256), wrong)


@pytest.mark.parametrize(
    ("config", "option"),
    [
        (ExportConfig(depth=7), "--depth"),
        (ExportConfig(max_length=4096), "--max-length"),
        (ExportConfig(model="/nowhere/at/all"), "--model"),
    ],
)
def test_an_impossible_export_names_its_option(config: ExportConfig, option: str, tmp_path: object) -> None:
    with pytest.raises(ConfigurationError, match=option):
        export(config, Artifacts(f"file://{tmp_path}"))
