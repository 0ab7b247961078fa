"""Which layer of the encoder, and which pooling of it, routes best: all of one pass, in float32.

Run: `python -m benchmarks.pooling --data FILE --pool FILE:NAME [--seeds 0,1] [--json FILE]`.
Areas and their differences as in benchmarks.router_choice, of shared extra trees with the text's features. The first
row is what is exported by default; the costs that it predicts are everybody's.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from benchmarks.router_choice import Material, Measured, costs_of, numbers, read, report, tested
from pointsman.training.settling import predict
from pointsman.training.tuning.batches import padded, token_ids
from services.embedder.export import ExportConfig
from services.embedder.graph import load_source
from services.trainer.fitting.basis import HeadConfig, learn_grounds
from services.trainer.fitting.estimators.port import Targets
from services.trainer.fitting.estimators.trees import TreesConfig
from services.trainer.fitting.examples import Mask
from services.trainer.fitting.routing import Answered, area
from shared.features import features_of
from shared.head import Inputs
from shared.inference import Floats

_LAYERS = 6
_AT_ONCE = 16
_EXTRA = "extra"

#: By name, (n, layers + 1, d) each: mean, deviation and maximum over the tokens, and the first token.
States = dict[str, Floats]


def _mean_of(layer: int, states: States) -> Floats:
    return states["mean"][:, layer]


_DEPTH = ExportConfig().depth
_POOLINGS: dict[str, Callable[[States], Floats]] = {
    "default": lambda states: states["mean"][:, _DEPTH],
    **{f"mean of layer {n}": partial(_mean_of, n) for n in range(_LAYERS + 1) if n != _DEPTH},
    "first token of layer 2": lambda states: states["first"][:, 2],
    "first token of layer 6": lambda states: states["first"][:, 6],
    "maximum of layer 2": lambda states: states["maximum"][:, 2],
    "layers 1 and 2, averaged": lambda states: states["mean"][:, 1] + states["mean"][:, 2],
    "word vectors beside layer 2": lambda states: _beside(states["mean"][:, 0], states["mean"][:, 2]),
    "deviation beside mean, layer 2": lambda states: _beside(states["mean"][:, 2], states["deviation"][:, 2]),
}


def hidden_states(prompts: list[str], max_length: int) -> States:
    """Of all layers, word vectors first; what the export pools."""
    source = load_source(None, _LAYERS, max_length)
    ids = token_ids(prompts, source.tokenizer, max_length)
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    found: States = {}
    for start in range(0, len(order), _AT_ONCE):
        rows = order[start : start + _AT_ONCE]
        tokens, mask = padded([ids[row] for row in rows], torch.device("cpu"))
        with torch.inference_mode():
            layers = source.module.bert(input_ids=tokens, attention_mask=mask, output_hidden_states=True).hidden_states
            for name, pooled in _pooled(torch.stack(layers, dim=1), mask).items():
                every = found.setdefault(name, np.empty((len(prompts), *pooled.shape[1:]), np.float32))
                every[rows] = pooled.numpy()
    return found


def _pooled(states: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of (n, layers, length, d), over the real tokens."""
    weights = mask[:, None, :, None].to(states.dtype)
    mean = (states * weights).sum(2) / weights.sum(2)
    square = ((states - mean.unsqueeze(2)).square() * weights).sum(2) / weights.sum(2)
    maximum = states.masked_fill(weights == 0, -torch.inf).amax(2)
    return {"mean": mean, "first": states[:, :, 0], "maximum": maximum, "deviation": square.sqrt()}


def measure(material: Material, states: States, prompt_tokens: Floats, seed: int) -> Iterator[tuple[str, Measured]]:
    """Every pooling on one split."""
    features = np.stack([features_of(prompt) for prompt in material.recorded.prompts])
    test = tested(material, seed)
    answered = Answered(material.quality[test], material.cost_usd[test], material.reference)
    costs = None
    for name, pool in _POOLINGS.items():
        started = perf_counter()
        inputs = Inputs(_unit(pool(states)), prompt_tokens, features)
        if costs is None:
            log_lengths = _predicted(inputs, np.log1p(material.response_tokens), test, HeadConfig().length_trees, seed)
            costs = costs_of(material, test, prompt_tokens, np.expm1(log_lengths[test]))
        quality = _predicted(inputs, material.quality, test, TreesConfig().count, seed)[test]
        yield name, Measured(area(answered, quality, costs), perf_counter() - started, 0.0, _EXTRA)


def _predicted(inputs: Inputs, values: Floats, test: Mask, trees: int, seed: int) -> Floats:
    """(n, m), by what is known of the other queries."""
    config = HeadConfig(trees=TreesConfig(count=trees))
    [ground] = learn_grounds((_EXTRA,), Targets(inputs[~test], values[~test]), 0, config, seed).values()
    return predict(ground, ground.see(inputs), values, ~test)


def _beside(one: Floats, other: Floats) -> Floats:
    return np.concatenate([_unit(one), _unit(other)], axis=1)


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def main() -> None:
    options = _options()
    material, max_length = read(options.data, options.pool), ExportConfig().max_length
    prompts = material.recorded.prompts
    tokenizer = load_source(None, 0, max_length).tokenizer
    prompt_tokens = np.array([len(each.ids) for each in tokenizer.encode_batch(prompts)], np.float32)
    states = hidden_states(prompts, max_length)
    report(options.seeds, lambda seed: measure(material, states, prompt_tokens, seed), options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="canonical parquet")
    parser.add_argument("--pool", required=True, help="FILE:NAME of the pool in it")
    parser.add_argument("--seeds", type=numbers, default=[0, 1, 2], help="of the splits")
    parser.add_argument("--json", type=Path, help="write the table there as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
