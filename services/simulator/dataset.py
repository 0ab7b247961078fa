"""The generated workload as a data set: a canonical parquet of all planted LLMs' answers, its pools and its prices."""

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet

from services.simulator.answers import prompt_hash
from services.simulator.planted import Planted
from services.simulator.profiles import Profile
from services.simulator.workload import Task, check, tasks

SCHEMA = arrow.schema(
    [
        *((name, arrow.string()) for name in ("source", "query_id", "domain", "dataset", "prompt", "llm")),
        *((name, arrow.float32()) for name in ("quality", "input_tokens", "output_tokens")),
        ("cost_usd", arrow.float64()),
        *((name, arrow.string()) for name in ("response", "judge", "tokens_kind", "cost_kind")),
    ]
)
#: Queries per row group.
_QUERIES = 500


def write_dataset(file: Path, queries: int, profiles: Sequence[Profile], seed: int = 0) -> None:
    """Write every profile's answer to `queries` different prompts; luck and prompts follow from the seed."""
    planted, drawn = Planted(seed), distinct(seed)
    with parquet.ParquetWriter(file, SCHEMA) as writer:
        for start in range(0, queries, _QUERIES):
            rows = [
                _row((file.stem, start + number), task, profile, planted)
                for number, task in enumerate(islice(drawn, min(_QUERIES, queries - start)))
                for profile in profiles
            ]
            writer.write_table(arrow.Table.from_pylist(rows, SCHEMA))


def write_pools(file: Path, source: str, pools: dict[str, Sequence[Profile]]) -> None:
    """Write the pools of a data set, and `llm_prices.csv` beside them; the dearest LLM is a pool's reference."""
    described = {
        name: {
            "source": [source],
            "datasets": None,
            "reference": max(profiles, key=_dearness).name,
            "llms": [profile.name for profile in profiles],
        }
        for name, profiles in pools.items()
    }
    file.write_text(json.dumps(described, indent=1) + "\n")
    priced = {profile.name: profile for profiles in pools.values() for profile in profiles}
    with (file.parent / "llm_prices.csv").open("w", newline="") as prices:
        writer = csv.writer(prices)
        writer.writerow(("llm", "family", "usd_per_m_input", "usd_per_m_output", "price_source", "hidden_reasoning"))
        for name, one in priced.items():
            writer.writerow((name, name, one.usd_per_mtok_input, one.usd_per_mtok_output, "planted", False))


def distinct(seed: int) -> Iterator[Task]:
    """The workload's tasks of a seed, each prompt once."""
    seen: set[str] = set()
    for task in tasks(seed):
        key = prompt_hash(task.prompt)
        if key not in seen:
            seen.add(key)
            yield task


def _row(query: tuple[str, int], task: Task, profile: Profile, planted: Planted) -> dict[str, str | float]:
    source, number = query
    answer = planted.answer(profile, task.prompt)
    paid = answer.prompt_tokens * profile.usd_per_mtok_input + answer.response_tokens * profile.usd_per_mtok_output
    return {
        "source": source,
        "query_id": f"{source}-{number}",
        "domain": task.topic,
        "dataset": task.topic,
        "prompt": task.prompt,
        "llm": profile.name,
        "quality": check(task.prompt, answer.text),
        "input_tokens": answer.prompt_tokens,
        "output_tokens": answer.response_tokens,
        "cost_usd": paid / 1e6,
        "response": answer.text,
        "judge": "computed from the prompt",
        "tokens_kind": "simulated",
        "cost_kind": "simulated_list_price",
    }


def _dearness(profile: Profile) -> float:
    return profile.usd_per_mtok_output
