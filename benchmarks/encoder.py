"""Prompts per second of one core by depth, precision and input length, and what each loses of what heads can predict.

Run: `python -m benchmarks.encoder [--depths 0,1,2] [--max-lengths 256] [--data FILE --pool FILE:NAME] [--json FILE]`.
With recorded answers: the share of the constant's held-out squared error that ridge heads explain, mean over the LLMs,
and the area of design 5 that the default heads reach on held-out queries, mean over the splits. Depth 0 is the mean of
the word vectors. To compare a tuned encoder with the plain one: `pointsman train --tune-encoder` prints both.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from time import process_time

from benchmarks.router_choice import Material, divide, measure_kinds, read
from pointsman.training.recorded import Recorded
from pointsman.training.vectors import Embedded, embed
from services.embedder.export import ExportConfig, Exported, export
from services.trainer.fitting.basis import HeadConfig, basis_of_one
from services.trainer.fitting.examples import Examples
from services.trainer.fitting.heads import fit
from services.trainer.fitting.split import held_out
from shared.artifacts import Artifacts
from shared.encoder import Encoder, Text

#: Tokens of the prompts that are timed; the budgets name 64, 137 and 192 (design 6).
_LENGTHS = (16, 64, 137, 192)
_SECONDS = 1.0
_WORD = "rail "


@dataclass(frozen=True, slots=True)
class Row:
    """One exported encoder."""

    depth: int
    max_length: int
    precision: str
    #: By tokens of the prompt, of one core.
    prompts_per_s: dict[int, float]
    cosine: float
    explained: float | None
    #: By split.
    areas: list[float]


def main() -> None:
    asked = _options()
    material = None if asked.data is None else read([asked.data], asked.pool)
    rows: list[Row] = []
    print(f"{'depth':>5} {'length':>6} {'precision':>9} {'cosine':>7} {'explained':>9} {'area':>7}", end="")
    print("".join(f" {f'{length} tokens':>11}" for length in _LENGTHS))
    with tempfile.TemporaryDirectory() as folder:
        store = Artifacts(f"file://{folder}")
        for depth in asked.depths:
            for max_length in asked.max_lengths:
                for exported in export(ExportConfig(depth=depth, max_length=max_length), store):
                    rows.append(_measure(exported, store, material, asked.seeds))
                    _print(rows[-1])
    if asked.json is not None:
        asked.json.write_text(json.dumps([_as_data(row) for row in rows], indent=2))


def _measure(exported: Exported, store: Artifacts, material: Material | None, seeds: list[int]) -> Row:
    encoder = Encoder.load(exported.model, store)
    card, explained, areas = exported.card, None, []
    if material is not None:
        with tempfile.TemporaryDirectory() as cache:
            embedded = embed(material.recorded.prompts, encoder, Path(cache), _silent)
        explained = _explained(material.recorded, embedded)
        areas = [_area(material, encoder, embedded, seed) for seed in seeds]
    return Row(
        depth=card.depth,
        max_length=card.max_length,
        precision=card.precision,
        prompts_per_s={length: _rate(encoder, length) for length in _LENGTHS},
        cosine=card.measured["mean_cosine"],
        explained=explained,
        areas=areas,
    )


def _rate(encoder: Encoder, tokens: int) -> float:
    """Prompts per second of processor time; other load on the machine does not count."""
    text = Text(_WORD * (tokens - 2))
    encoder.encode([text], token_budget=1)
    done, started = 0, process_time()
    while process_time() - started < _SECONDS:
        encoder.encode([text], token_budget=1)
        done += 1
    return done / (process_time() - started)


def _explained(recorded: Recorded, embedded: Embedded) -> float:
    judging = held_out(recorded.prompts, 0.2, seed=0)
    config = HeadConfig(quality=("ridge",), length=())
    shares = []
    for answers in recorded.answers.values():
        examples = Examples(
            embedded.vectors[answers.query],
            embedded.prompt_tokens[answers.query],
            answers.quality,
            answers.response_tokens,
            judging[answers.query],
        )
        basis = basis_of_one(examples, config, seed=0)
        head = fit(examples, basis, basis.see(examples.inputs), config)
        if head is not None:
            shares.append(1 - head.judged_quality.error / head.judged_quality.constant_error)
    return fmean(shares)


def _area(material: Material, encoder: Encoder, embedded: Embedded, seed: int) -> float:
    """Of the default heads on one split."""
    with tempfile.TemporaryDirectory() as folder:
        split = divide(material, encoder, embedded, seed, Artifacts(Path(folder).as_uri()))
        _, default = next(measure_kinds(split))
    return default.area


def _silent(_done: int) -> None:
    """Nobody waits for this progress."""


def _print(row: Row) -> None:
    explained = "-" if row.explained is None else f"{row.explained:.3f}"
    area = f"{fmean(row.areas):.4f}" if row.areas else "-"
    print(f"{row.depth:>5} {row.max_length:>6} {row.precision:>9} {row.cosine:>7.4f} {explained:>9} {area:>7}", end="")
    print("".join(f" {rate:>9.1f}/s" for rate in row.prompts_per_s.values()), flush=True)


def _as_data(row: Row) -> dict[str, object]:
    return {
        "depth": row.depth,
        "max_length": row.max_length,
        "precision": row.precision,
        "prompts_per_s": row.prompts_per_s,
        "cosine": row.cosine,
        "explained": row.explained,
        "areas": row.areas,
    }


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depths", type=_numbers, default=[0, 1, 2, 4, 6])
    parser.add_argument("--max-lengths", type=_numbers, default=[256])
    parser.add_argument("--data", type=Path, help="canonical parquet; needs --pool")
    parser.add_argument("--pool", help="FILE:NAME of the pool in it")
    parser.add_argument("--seeds", type=_numbers, default=[0, 1, 2], help="of the splits")
    parser.add_argument("--json", type=Path, help="write the table there as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
