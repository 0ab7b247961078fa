"""Size of a head's file, and its time for a batch of 32 on one core, by kind.

Run: `python -m benchmarks.heads [--rows 9000] [--llms 13] [--kinds extra,ridge] [--json FILE]`. Rows are drawn, as what
they say does not change the cost: 9,000 queries and 13 LLMs are the largest pool that heads are meant for. Bounds: 2 MB
for networks and lines, 10 MB for trees and means of several kinds, 2 ms.
"""

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from services.trainer.fitting.basis import HeadConfig, learn_basis
from services.trainer.fitting.estimators.port import Targets
from services.trainer.fitting.examples import Examples
from services.trainer.fitting.graph import head_graph
from services.trainer.fitting.heads import fit
from shared.features import FEATURES
from shared.head import Head, Inputs
from shared.inference import Session

_DIMENSIONS, _NEIGHBOURS, _BATCH = 384, 40, 32
_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of quality; length is the default's."""

    kind: str
    learning_s: float
    head_s: float
    file_mb: float
    #: Of processor time for a batch.
    batch_ms: float


def main() -> None:
    options = _options()
    inputs, quality = draw(options.rows, options.llms)
    rows = []
    print(f"{'kind':>24} {'basis':>7} {'a head':>7} {'file':>8} {'32 queries':>10}")
    for kind in options.kinds:
        rows.append(measure(kind, inputs, quality))
        row = rows[-1]
        times = f"{row.learning_s:>5.1f} s {row.head_s:>5.2f} s"
        print(f"{kind:>24} {times} {row.file_mb:>5.2f} MB {row.batch_ms:>7.2f} ms", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


def draw(rows: int, llms: int) -> tuple[Inputs, np.ndarray]:
    """Queries, and qualities (rows, llms) that depend on them a little, as real ones do."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(rows, _DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    features = random.random((rows, len(FEATURES)), np.float32)
    neighbours = random.integers(0, rows, (rows, _NEIGHBOURS))
    similarities = -np.sort(-random.random((rows, _NEIGHBOURS), np.float32), axis=1)
    chance = 0.5 + 0.3 * np.sign(vectors[:, :1]) * random.random(llms)
    quality = (random.random((rows, llms)) < chance).astype(np.float32)
    return Inputs(
        vectors, random.integers(5, 900, rows).astype(np.float32), features, neighbours, similarities
    ), quality


def measure(kind: str, inputs: Inputs, quality: np.ndarray) -> Row:
    config = HeadConfig(quality=(kind,))
    tokens = np.random.default_rng(1).lognormal(5, 0.6, quality.shape).astype(np.float32)
    held_out = np.arange(len(quality)) % 4 == 0
    fitted = Targets(inputs[~held_out], quality[~held_out])
    started = perf_counter()
    basis = learn_basis(fitted, replace(fitted, values=np.log1p(tokens[~held_out])), len(quality), config, seed=0)
    learned = perf_counter()
    examples = Examples(
        inputs.vectors,
        inputs.prompt_tokens,
        quality[:, 0],
        tokens[:, 0],
        held_out,
        inputs.features,
        inputs.neighbours,
        inputs.similarities,
        np.arange(len(quality)),
    )
    head = fit(examples, basis, basis.see(inputs), config)
    if head is None:
        raise SystemExit(f"expected --rows to be enough for a head, got {len(quality)}")
    content = head_graph(head)
    fitted_at = perf_counter()
    batch_ms = _batch_ms(Head(kind, Session(content)), inputs[np.arange(_BATCH)])
    return Row(kind, learned - started, fitted_at - learned, len(content) / 1e6, batch_ms)


def _batch_ms(head: Head, batch: Inputs) -> float:
    head.predict(batch)
    done, started = 0, process_time()
    while process_time() - started < _SECONDS:
        head.predict(batch)
        done += 1
    return 1000 * (process_time() - started) / done


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=9000, help="queries")
    parser.add_argument("--llms", type=int, default=13)
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=HeadConfig().quality, help="of quality")
    parser.add_argument("--json", type=Path, help="write the table there as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
