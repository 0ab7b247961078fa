"""The routing path, query produced to dispatch produced: latency per stage, saturated rate, CPU and memory per service.

    python -m benchmarks.routing_path --json routing_path.json

A fleet without executors is started, so that no LLM call runs beside. For each prompt length: the encoder's session
alone (one prompt after the other, and in the embedder's micro-batches), then the whole path saturated by a burst, then
at given rates, and at given shares of the saturated one. All in one run, since machines differ: compare ratios.
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.local_fleet import export, local_fleet
from benchmarks.processes import Usage, usage
from benchmarks.stages import Stages
from pointsman.local.state import Endpoints, State, find
from services.embedder.settings import EmbedderSettings
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.registry import live_models, llms
from shared.encoder import Encoder, Text
from shared.messages import Embedding, Query, new_query_id
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.stream.records import Outgoing
from shared.stream.snapshot import snapshot
from shared.topics import EMBEDDINGS, QUERIES, origin_of

_WORDS = ("river", "count", "why", "price", "seven", "apple", "train", "code", "night", "sum", "green", "paper", "list")
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        return cls(cuts[49], cuts[94], cuts[98])


@dataclass(frozen=True, slots=True)
class EncoderAlone:
    """The encoder's session on this machine, nothing else running."""

    #: Median of one prompt after the other, seconds.
    single_s: float
    #: Prompts per second on one core, batched as the embedder does.
    prompts_per_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """One load at one prompt length."""

    prompt_tokens: int
    #: Queries per second offered; None for a burst.
    rate: float | None
    queries: int
    #: Queries per second dispatched.
    dispatched_per_s: float
    stages: dict[str, Spread]
    #: Share of one core per process, and megabytes: libraries that processes share by their share, and whole.
    cpu_share: dict[str, float]
    memory_mb: dict[str, float]
    resident_mb: dict[str, float]


def prompts_of(tokens: int, count: int, seed: int) -> list[str]:
    """Prompts of `tokens` tokens each: words that are one token in any BERT vocabulary."""
    draw = random.Random(seed)
    return [" ".join(draw.choices(_WORDS, k=tokens)) for _ in range(count)]


def measure_encoder(encoder: Encoder, prompts: Sequence[str], settings: EmbedderSettings) -> EncoderAlone:
    """Time `encoder` alone; the first prompts warm it up."""
    texts = [Text(prompt) for prompt in prompts]
    encoder.encode(texts[:8], settings.encoder_token_budget)
    singles = []
    for text in texts[:100]:
        started = time.perf_counter()
        encoder.encode([text], settings.encoder_token_budget)
        singles.append(time.perf_counter() - started)
    started = time.perf_counter()
    for first in range(0, len(texts), settings.encoder_batch):
        encoder.encode(texts[first : first + settings.encoder_batch], settings.encoder_token_budget)
    return EncoderAlone(statistics.median(singles), len(texts) / (time.perf_counter() - started))


async def send(produce: Producer, prompts: Sequence[str], rate: float | None, home_partitions: int) -> list[str]:
    """Produce one query a prompt, at a steady rate whatever happens to them (open loop); their origins."""

    async def one(index: int, prompt: str) -> str:
        if rate is not None:
            await asyncio.sleep(max(0.0, started + index / rate - time.perf_counter()))
        query = Query(query_id=new_query_id(), prompt=prompt)
        [acknowledged] = await produce([Outgoing(QUERIES.name, query.encode(), index % home_partitions)])
        return origin_of(*acknowledged.position)

    started = time.perf_counter()
    return await asyncio.gather(*(one(index, prompt) for index, prompt in enumerate(prompts)))


async def measure_path(state: State, names: Sequence[str], prompts: Sequence[str], rate: float | None) -> Run:
    """Send `prompts` and wait until the last is dispatched."""
    fleet = find(state.folder)
    produce = Producer(fleet.kafka, BrokerClock())
    async with Stages(fleet.kafka, names) as stages:
        await produce.start()
        before, started = usage(state), time.perf_counter()
        origins = await send(produce, prompts, rate, fleet.home_partitions)
        await stages.until_dispatched(origins, _PATIENCE_S)
        after, elapsed = usage(state), time.perf_counter() - started
        await produce.stop()
        passages = await stages.passages(origins)
    seconds = [passage.stages() for passage in passages]
    ends = [passage.dispatched for passage in passages]
    return Run(
        prompt_tokens=len(prompts[0].split()),
        rate=rate,
        queries=len(prompts),
        dispatched_per_s=len(ends) / (max(ends) - min(passage.queried for passage in passages)),
        stages={stage: Spread.of([one[stage] for one in seconds]) for stage in seconds[0]},
        cpu_share=_shares(before, after, elapsed),
        memory_mb={name: one.memory_mb for name, one in after.items()},
        resident_mb={name: one.resident_mb for name, one in after.items()},
    )


def _shares(before: dict[str, Usage], after: dict[str, Usage], elapsed_s: float) -> dict[str, float]:
    return {name: (one.cpu_s - before[name].cpu_s) / elapsed_s for name, one in after.items()}


async def live_encoder(fleet: Endpoints) -> tuple[Encoder, list[str]]:
    """The fleet's encoder, loaded here as the embedder loads it, and the names of its LLMs."""
    async with Database(fleet.postgres) as database, database.session() as session:
        [model] = [model for model in await live_models(session) if model.kind == "encoder"]
        names = [llm.name for llm in await llms(session) if not llm.removed]
    return await asyncio.to_thread(Encoder.load, model, Artifacts(fleet.artifacts)), names


async def until_served(state: State, names: Sequence[str], encoder: Encoder) -> None:
    """Send a few queries at a time until they are embedded by `encoder`: it is announced, and swapped in when read."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            await measure_path(state, names, prompts_of(16, 20, seed=0), rate=10)
            embedded = await snapshot(find(state.folder).kafka, EMBEDDINGS.name)
            last = max(embedded, key=lambda record: record.appended_at)
            if Embedding.decode(last.value).encoder == encoder.model.version:
                return


async def measure(state: State, options: argparse.Namespace, console: Console) -> list[dict[str, object]]:
    """Every prompt length: the encoder alone, the burst, the rates."""
    fleet = find(state.folder)
    if options.depth is not None:
        await asyncio.to_thread(export, fleet, options.depth)
    encoder, names = await live_encoder(fleet)
    await until_served(state, names, encoder)
    results: list[dict[str, object]] = []
    for tokens in options.tokens:
        prompts = prompts_of(tokens, options.queries, seed=tokens)
        alone = await asyncio.to_thread(measure_encoder, encoder, prompts, EmbedderSettings())
        burst = await measure_path(state, names, prompts, rate=None)
        runs = [burst]
        for rate in (*options.rates, *(burst.dispatched_per_s * share for share in options.shares)):
            runs.append(await measure_path(state, names, prompts[: max(100, int(rate * options.seconds))], rate))
        for run in runs:
            show(console, run, alone)
            results.append({"llms": len(names), **asdict(run), "encoder_alone": asdict(alone)})
    return results


def show(console: Console, run: Run, alone: EncoderAlone) -> None:
    """Print one run beside the budgets of the design."""
    load = "burst" if run.rate is None else f"{run.rate:.1f}/s"
    table = Table(title=f"{run.prompt_tokens} tokens, {run.queries} queries, {load}", title_justify="left")
    for column in ("stage", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(column, justify="right" if "ms" in column else "left")
    for stage, spread in run.stages.items():
        table.add_row(stage, *(f"{value * 1000:.1f}" for value in (spread.p50, spread.p95, spread.p99)))
    console.print(table)
    share = run.dispatched_per_s / alone.prompts_per_s
    single_ms = alone.single_s * 1000
    console.print(
        f"dispatched {run.dispatched_per_s:.1f}/s, {share:.0%} of the encoder's own {alone.prompts_per_s:.1f}/s; "
        f"one prompt alone {single_ms:.1f} ms: budget p50 {single_ms + 20:.0f} ms, p99 {3 * single_ms + 60:.0f} ms"
    )
    for name, cpu in run.cpu_share.items():
        console.print(
            f"  {name}: {cpu:.0%} of a core, {cpu / run.dispatched_per_s * 1000:.2f} ms a query, "
            f"{run.memory_mb[name]:.0f} MB ({run.resident_mb[name]:.0f} resident)"
        )
    total = sum(run.cpu_share.values())
    console.print(f"  together: {total:.0%} of a core, {total / run.dispatched_per_s * 1000:.2f} ms a query")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llms", type=int, default=4, help="simulated LLMs (default 4)")
    parser.add_argument("--tokens", type=int, nargs="+", default=[64, 192], help="prompt lengths (default 64 192)")
    parser.add_argument("--depth", type=int, help="layers of the encoder (default: what is served by default)")
    parser.add_argument("--queries", type=int, default=600, help="queries of a burst (default 600)")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.5], help="shares of saturation (default 0.5)")
    parser.add_argument("--rates", type=float, nargs="*", default=[10], help="queries per second as well (default 10)")
    parser.add_argument("--seconds", type=float, default=30, help="length of a run at a rate (default 30)")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with local_fleet(options.llms, {"executor": 0}) as state:
        results = asyncio.run(measure(state, options, Console()))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
