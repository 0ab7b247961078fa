"""Fine-tuning: a small BERT, planted domains, and a run that is cut."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from pointsman.training.tuning.config import Form, TuneConfig
from pointsman.training.tuning.tuning import Lesson, own_cosine, tune
from services.embedder.graph import OPSET, SentenceEncoder, Source
from shared.inference import Floats

_WORDS = {
    0: ("flour", "oven", "soup", "bread", "salt", "dough"),
    1: ("sail", "anchor", "tide", "keel", "jib", "reef"),
    2: ("court", "judge", "claim", "trial", "appeal", "jury"),
}
_DOMAINS = [index % 3 for index in range(96)]


def prompts() -> list[str]:
    random = np.random.default_rng(2)
    return [" ".join(random.choice(_WORDS[domain], size=random.integers(4, 12))) for domain in _DOMAINS]


def small_source() -> Source:
    """One layer of random weights, which know nothing of the words."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(word for own in _WORDS.values() for word in own)]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(1)
    shape = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    return Source("small", SentenceEncoder(BertModel(shape)).eval(), tokenizer, 32, 1, 16, OPSET, {})


def tightness(vectors: Floats) -> float:
    """A judge who likes tight domains: what tuning does by construction."""
    return -own_cosine(vectors, np.array(_DOMAINS))


def lesson(judge: Callable[[Floats], float] = tightness, domains: Sequence[int | None] = _DOMAINS) -> Lesson:
    return Lesson(prompts(), domains, judge)


CONFIG = TuneConfig(epochs=4, batch=16, learning_rate=1e-3, most_cosine=1.0, checkpoint_steps=1, patience=9)


def weights(source: Source) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in source.module.state_dict().items()}


def silent(_done: int, _total: int) -> None:
    """Nobody waits."""


@pytest.mark.parametrize("form", ["softmax", "literal"])
def test_planted_domains_draw_together(form: Form, tmp_path: Path) -> None:
    tuned = tune(small_source(), lesson(), replace(CONFIG, form=form), tmp_path, silent)

    first, best = tuned.course.checks[0], tuned.course.best
    assert best.own_cosine > first.own_cosine + 0.2
    assert tuned.ended is None


class CutError(Exception):
    """Stands for a machine that goes away."""


@pytest.mark.parametrize("steps", [1, 7, 12])
def test_a_run_that_was_cut_goes_on_to_the_same_end(steps: int, tmp_path: Path) -> None:
    def cut(done: int, _total: int) -> None:
        if done == steps + 1:
            raise CutError

    whole, again = small_source(), small_source()
    uncut = tune(whole, lesson(), CONFIG, tmp_path / "whole", silent)
    with pytest.raises(CutError):
        tune(small_source(), lesson(), CONFIG, tmp_path / "cut", cut)
    seen: list[int] = []
    resumed = tune(again, lesson(), CONFIG, tmp_path / "cut", lambda done, _total: seen.append(done))

    assert seen[0] == steps + 1
    assert resumed == uncut
    assert all(torch.equal(tensor, weights(again)[name]) for name, tensor in weights(whole).items())


def test_half_a_checkpoint_is_no_checkpoint(tmp_path: Path) -> None:
    whole, again = small_source(), small_source()
    tune(whole, lesson(), CONFIG, tmp_path, silent)
    for file in tmp_path.rglob("standing.safetensors"):
        file.write_bytes(file.read_bytes()[:1000])

    tune(again, lesson(), CONFIG, tmp_path, silent)

    assert all(torch.equal(tensor, weights(again)[name]) for name, tensor in weights(whole).items())


def test_another_runs_checkpoint_is_not_taken(tmp_path: Path) -> None:
    tune(small_source(), lesson(), CONFIG, tmp_path, silent)
    seen: list[int] = []

    tune(small_source(), lesson(domains=[None, *_DOMAINS[1:]]), CONFIG, tmp_path, lambda done, _: seen.append(done))

    assert seen[0] == 1


def test_predictors_that_only_lose_keep_the_untuned_weights(tmp_path: Path) -> None:
    source = small_source()
    before = weights(source)

    tuned = tune(source, lesson(lambda vectors: -tightness(vectors)), CONFIG, tmp_path, silent)

    assert tuned.course.best.step == 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(source).items())


def test_collapsing_domains_end_the_run(tmp_path: Path) -> None:
    config = TuneConfig(epochs=50, batch=16, learning_rate=1e-2, most_cosine=0.7)

    tuned = tune(small_source(), lesson(), config, tmp_path, silent)

    assert tuned.ended is not None
    assert "collapsing" in tuned.ended
    assert tuned.course.step < 300
