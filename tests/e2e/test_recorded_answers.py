"""Thirteen real LLMs replayed: heads fitted on real prompts, then real prompts routed."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet
import pytest

from shared.messages import Query, new_query_id
from tests.e2e.conftest import StartFleet
from tests.e2e.fleet import Fleet
from tests.e2e.traffic import Traffic
from tests.recorded import DATA, needs_recorded_answers

pytestmark = [pytest.mark.timeout(1200), needs_recorded_answers]

POOL = "zeroeval_13"
QUERIES = 200
PATIENCE_S = 300.0


async def test_real_prompts_are_routed_over_thirteen_llms_with_trained_heads(
    start_fleet: StartFleet, tmp_path: Path
) -> None:
    fleet = start_fleet("--data", str(DATA), "--pool", POOL)
    recorded, pool = half(tmp_path), f"{DATA / 'pools.json'}:{POOL}"

    trained = json.loads(fleet.command("train", "--data", str(recorded), "--pool", pool, "--json"))
    # Embedders change over some seconds after training; what comes before is decided by priors.
    async with asyncio.timeout(PATIENCE_S), Traffic(fleet.endpoints.kafka, fleet.endpoints.home_partitions) as first:
        while True:
            await first.send(Query(query_id=new_query_id(), prompt="How much is 17 times 3?"))
            await first.until_answered(PATIENCE_S)
            if heads(fleet, list(first.outcomes())[-1]):
                break
    async with Traffic(fleet.endpoints.kafka, fleet.endpoints.home_partitions) as traffic:
        for prompt in prompts():
            await traffic.send(Query(query_id=new_query_id(), prompt=prompt))
        await traffic.until_answered(PATIENCE_S)
        outcomes = traffic.outcomes()

    live = {head["llm"] for head in trained if head["status"] == "live"}
    print(f"\n{len(live)} of {len(trained)} heads live; {Counter(response.llm for response in outcomes.values())}")
    assert {response.status for response in outcomes.values()} == {"answered"}
    assert len(outcomes) == QUERIES
    assert len(live) == len(trained) == 13
    assert all(head["parity"] < 1e-4 for head in trained)
    assert heads(fleet, list(outcomes)[-1]) == live


def heads(fleet: Fleet, query_id: str) -> set[str]:
    """LLMs whose heads a query was decided by."""
    found = json.loads(fleet.command("explain", query_id, "--json"))
    return {one["llm"] for one in found["decisions"][0]["candidates"] if one["head"] is not None}


def half(folder: Path) -> Path:
    """The answers to every second query: enough for good heads, in half the time."""
    table = parquet.read_table(DATA / "zeroeval.parquet")
    kept = pa.array(sorted(set(table["query_id"].to_pylist()))[::2], table.schema.field("query_id").type)
    file = folder / "half.parquet"
    parquet.write_table(table.filter(compute.is_in(table["query_id"], kept)), file)
    return file


def prompts() -> list[str]:
    """The pool's first prompts."""
    pool = json.loads((DATA / "pools.json").read_text())[POOL]
    rows = parquet.read_table(
        DATA / "zeroeval.parquet",
        columns=["prompt"],
        filters=[("llm", "==", pool["reference"]), ("dataset", "in", pool["datasets"])],
    )
    found: list[str] = rows["prompt"].to_pylist()
    return found[:QUERIES]
