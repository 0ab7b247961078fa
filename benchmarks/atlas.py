"""What an atlas costs the embedder: its file, its memory, and processor time of one search, alone and in a batch of 8.

Run: `python -m benchmarks.atlas [--rows 3000,9000,20000] [--dimensions 384] [--json FILE]`. Vectors are random, with a
spectrum as that of a sentence encoder's. Between searches memory is read, as an encoder does: else the rows would stay
in the processor's cache.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import psutil

from services.trainer.fitting.atlas import AtlasConfig, chart
from shared.atlas import VECTOR
from shared.inference import Floats, Session

_SEARCHES, _BATCH = 200, 8
_elsewhere = np.ones(8_000_000, np.float32)


@dataclass(frozen=True, slots=True)
class Row:
    """One atlas; times per query."""

    rows: int
    file_mb: float
    memory_mb: float
    alone_us: float
    in_batch_us: float


def main() -> None:
    asked = _options()
    rows = []
    print(f"{'rows':>6} {'file':>9} {'memory':>10} {'alone':>10} {f'of {_BATCH}':>10}")
    for count in asked.rows:
        row = _measure(count, asked.dimensions)
        rows.append(row)
        print(f"{row.rows:>6} {row.file_mb:>6.1f} MB {row.memory_mb:>7.1f} MB", end="")
        print(f" {row.alone_us:>7.0f} us {row.in_batch_us:>7.0f} us", flush=True)
    if asked.json is not None:
        asked.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


def _measure(rows: int, dimensions: int) -> Row:
    # Charted elsewhere: memory freed here would be taken again unseen.
    with ProcessPoolExecutor(1, get_context("spawn")) as child:
        graph = child.submit(_chart, rows, dimensions).result()
    vectors = _vectors(_BATCH, dimensions)
    process = psutil.Process()
    before = process.memory_info().rss
    session = Session(graph)
    alone = _us(session, vectors[:1])
    memory = process.memory_info().rss - before
    return Row(rows, len(graph) / 1e6, memory / 1e6, alone, _us(session, vectors) / _BATCH)


def _chart(rows: int, dimensions: int) -> bytes:
    return chart(_vectors(rows, dimensions), None, AtlasConfig()).graph


def _vectors(count: int, dimensions: int) -> Floats:
    scales = np.arange(1, dimensions + 1, dtype=np.float32) ** -0.8
    vectors = scales * np.random.default_rng(0).normal(size=(count, dimensions)).astype(np.float32)
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _us(session: Session, vectors: Floats) -> float:
    """Processor time of one search, median; other load on the machine does not count."""
    times = []
    for _ in range(_SEARCHES):
        _elsewhere.sum()
        began = process_time()
        session({VECTOR: vectors})
        times.append((process_time() - began) * 1e6)
    return median(times)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=_numbers, default=[3000, 9000, 20_000])
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--json", type=Path, help="write the table there as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
