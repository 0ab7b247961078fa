"""Small canonical files, and the pool that goes with them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LLMS = ("ash", "birch")
Row = dict[str, object]

_WORDS = ("anchor", "bridge", "candle", "desert", "engine", "forest", "garden", "harbour", "island", "jungle")


def rows(count: int, prefix: str, llms: Sequence[str] = LLMS) -> list[Row]:
    """Sound rows of `count` queries with different words."""
    return [
        {
            "source": "made",
            "query_id": f"{prefix}-{number}",
            "domain": "things",
            "dataset": "made/things",
            "prompt": f"{prefix} {_WORDS[number // 10 % 10]} {_WORDS[number % 10]} {_WORDS[number // 100 % 10]}",
            "llm": llm,
            "quality": float((number + place) % 2),
            "input_tokens": 5.0,
            "output_tokens": 20.0 + number,
            "cost_usd": 0.001 * (place + 1) + 1e-6 * number,
        }
        for number in range(count)
        for place, llm in enumerate(llms)
    ]


def changed(all_rows: list[Row], change: Callable[[Row], Row | None]) -> list[Row]:
    """Each row as `change` makes it; None leaves it out."""
    return [row for row in (change(dict(row)) for row in all_rows) if row is not None]


def write(folder: Path, name: str, all_rows: list[Row]) -> Path:
    file = folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(all_rows), file, row_group_size=64)
    return file


def write_pool(folder: Path, llms: Sequence[str] = LLMS) -> str:
    """The argument that names it; the last LLM is the reference."""
    pool = {"source": ["made"], "datasets": None, "reference": llms[-1], "llms": list(llms)}
    (folder / "pools.json").write_text(json.dumps({"two": pool}))
    return f"{folder / 'pools.json'}:two"
