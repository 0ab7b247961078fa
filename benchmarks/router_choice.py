"""Which encoder depth, kind of head, features and weight of uncertainty route best on recorded answers.

Run: `python -m benchmarks.router_choice --data FILE --pool FILE:NAME [--seeds 0,1,2] [--depths 2] [--json FILE]`.
Each row is one choice; areas are those of design 5, on queries that were held out of everything, by the heads' files.
Differences to the first row are paired by split and given with their standard error over the splits.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from pointsman.training.charting import chart_encoder
from pointsman.training.config import TrainConfig
from pointsman.training.heads import fit_heads
from pointsman.training.recorded import Answers, Recorded, read_pool, read_recorded
from pointsman.training.vectors import Embedded, embed
from services.embedder.export import ExportConfig, export
from services.trainer.fitting.basis import HeadConfig
from services.trainer.fitting.examples import Mask
from services.trainer.fitting.routing import Answered, area
from services.trainer.fitting.split import held_out
from shared.artifacts import Artifacts
from shared.encoder import Encoder
from shared.head import Head
from shared.inference import Floats

_TEST_SHARE = 0.25
#: Heads divide their own rows by the plain seeds.
_SPLITS_FROM = 1000
_CACHE = Path("~/.cache/pointsman/vectors")
_KINDS = (
    "extra",
    "traits",
    "extra+traits",
    "forest",
    "ridge",
    "network",
    "nearest",
    "boosting",
    "extra+nearest+network",
)
_ALPHAS = (0.0, 0.01, 0.05)


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of the table; what is not said is the default."""

    name: str
    depth: int
    heads: HeadConfig = field(default_factory=HeadConfig)
    #: Each LLM's heads stand on its own rows alone.
    alone: bool = False
    features: bool = True
    alpha: float = 0.0


@dataclass(frozen=True, slots=True)
class Material:
    """A pool's queries that every LLM answered at known cost."""

    recorded: Recorded
    #: (n, m) each.
    quality: Floats
    response_tokens: Floats
    cost_usd: Floats
    reference: int


@dataclass(frozen=True, slots=True)
class Source:
    """An encoder, and what it made of the queries."""

    encoder: Encoder
    embedded: Embedded


@dataclass(frozen=True, slots=True)
class Measured:
    """What a choice came to on one split."""

    area: float
    fitting_s: float
    largest_mb: float
    #: Kind of most LLMs' quality.
    kind: str


def choices(depths: list[int], default: int) -> Iterator[Choice]:
    """The default first."""
    yield Choice("default", default)
    yield Choice("forest per LLM, vector only", default, HeadConfig(quality=("forest",)), alone=True, features=False)
    yield Choice("extra trees per LLM", default, HeadConfig(quality=("extra",)), alone=True)
    for kind in _KINDS:
        yield Choice(kind, default, HeadConfig(quality=(kind,)))
    yield Choice("without features", default, features=False)
    for alpha in _ALPHAS:
        yield Choice(f"alpha {alpha:g}", default, alpha=alpha)
    for depth in depths:
        if depth != default:
            yield Choice(f"{depth} layers", depth)


def read(data: list[Path], pool: str) -> Material:
    """Raises ConfigurationError for bad input."""
    chosen = read_pool(pool)
    whole = read_recorded(data, chosen)
    shape = len(whole.prompts), len(whole.answers)
    quality, tokens, cost = (np.full(shape, np.nan, np.float32) for _ in range(3))
    for column, answers in enumerate(whole.answers.values()):
        quality[answers.query, column] = answers.quality
        tokens[answers.query, column] = answers.response_tokens
        cost[answers.query, column] = answers.cost_usd
    rows = np.flatnonzero(np.isfinite(quality + tokens + cost).all(axis=1))
    table = {llm: (quality[rows, j], tokens[rows, j], cost[rows, j]) for j, llm in enumerate(whole.answers)}
    answered = {llm: Answers(np.arange(len(rows)), *columns) for llm, columns in table.items()}
    prompts = [whole.prompts[row] for row in rows]
    datasets = [whole.datasets[row] for row in rows]
    return Material(
        Recorded(prompts, datasets, answered), quality[rows], tokens[rows], cost[rows], [*table].index(chosen.reference)
    )


def measure(material: Material, source: Source, choice: Choice, seed: int) -> Measured:
    """Fit on three quarters of the queries, route the others."""
    test = held_out(material.recorded.prompts, _TEST_SHARE, _SPLITS_FROM + seed)
    embedded = source.embedded
    if not choice.features:
        # Constant columns split nothing.
        embedded = replace(embedded, features=np.zeros_like(embedded.features))
    started = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Artifacts(Path(folder).as_uri())
        config = TrainConfig(heads=choice.heads, seed=seed)
        trained = asked(material.recorded, ~test)
        charted = chart_encoder(source.encoder, part_of(embedded, ~test), None, artifacts, config.atlas)
        runs = [replace(trained, answers={llm: rows}) for llm, rows in trained.answers.items()]
        candidates = [
            candidate
            for run in (runs if choice.alone else [trained])
            for candidate in fit_heads(run, charted.embedded, charted.model.version, artifacts, config)
        ]
        seconds = perf_counter() - started
        largest = max(len(artifacts.get(candidate.model.sha256)) for candidate in candidates)
        inputs = part_of(embedded, test).placed(charted.atlas).inputs
        made = [Head.load(one.model, artifacts).predict(inputs) for one in candidates]
    answered = Answered(material.quality[test], material.cost_usd[test], material.reference)
    quality = np.stack([one.quality for one in made], axis=1)
    quality += choice.alpha * np.stack([one.uncertainty for one in made], axis=1)
    lengths = np.stack([one.tokens_mean for one in made], axis=1)
    cost = costs(material, embedded.prompt_tokens, lengths, test)
    kinds = Counter(candidate.card.quality.kind for candidate in candidates)
    return Measured(area(answered, quality, cost), seconds, largest / 1e6, kinds.most_common(1)[0][0])


def asked(recorded: Recorded, rows: Mask) -> Recorded:
    """Those queries, numbered anew, and all LLMs' answers to them."""
    answers = {
        llm: Answers(np.arange(int(rows.sum())), one.quality[rows], one.response_tokens[rows], one.cost_usd[rows])
        for llm, one in recorded.answers.items()
    }
    numbers = np.flatnonzero(rows)
    prompts, datasets = ([column[row] for row in numbers] for column in (recorded.prompts, recorded.datasets))
    return Recorded(prompts, datasets, answers)


def part_of(embedded: Embedded, rows: Mask) -> Embedded:
    return replace(
        embedded,
        vectors=embedded.vectors[rows],
        prompt_tokens=embedded.prompt_tokens[rows],
        features=embedded.features[rows],
    )


def costs(material: Material, prompt_tokens: Floats, lengths: Floats, test: Mask) -> Floats:
    """(n, m) USD of predicted lengths, at the prices that explain the other queries' costs best."""
    columns = []
    for column, length in enumerate(lengths.T):
        used = np.stack([prompt_tokens, material.response_tokens[:, column]], axis=1)
        prices = np.linalg.lstsq(used[~test], material.cost_usd[~test, column], rcond=None)[0]
        columns.append(np.stack([prompt_tokens[test], length], axis=1) @ prices)
    return np.stack(columns, axis=1)


def main() -> None:
    options = _options()
    material = read(options.data, options.pool)
    cache = options.cache.expanduser()
    sources = {depth: _embed(material, depth, cache) for depth in dict.fromkeys([options.depth, *options.depths])}
    table: dict[str, list[Measured]] = {}
    print(f"{'choice':>28} {'area':>7} {'to default':>16} {'fit':>6} {'file':>7}  kinds of quality")
    for choice in choices(options.depths, options.depth):
        if options.only and choice.name not in ("default", *options.only):
            continue
        table[choice.name] = [measure(material, sources[choice.depth], choice, seed) for seed in options.seeds]
        _print(choice.name, table)
    if options.json is not None:
        rows = {name: [asdict(each) for each in measured] for name, measured in table.items()}
        options.json.write_text(json.dumps(rows, indent=2))


def _embed(material: Material, depth: int, cache: Path) -> Source:
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Artifacts(Path(folder).as_uri())
        encoder = Encoder.load(export(ExportConfig(depth=depth), artifacts)[-1].model, artifacts)
        return Source(encoder, embed(material.recorded.prompts, encoder, cache, lambda _done: None))


def _print(name: str, table: dict[str, list[Measured]]) -> None:
    found = np.array([each.area for each in table[name]])
    gains = found - np.array([each.area for each in table["default"]])
    error = gains.std(ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
    seconds = np.mean([each.fitting_s for each in table[name]])
    largest = max(each.largest_mb for each in table[name])
    kinds = ", ".join(sorted({each.kind for each in table[name]}))
    compared = f"{gains.mean():+.4f} +- {error:.4f}"
    print(f"{name:>28} {found.mean():>7.4f} {compared:>16} {seconds:>4.0f} s {largest:>4.1f} MB  {kinds}", flush=True)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="canonical parquet")
    parser.add_argument("--pool", required=True, help="FILE:NAME of the pool in it")
    parser.add_argument("--seeds", type=_numbers, default=[0, 1, 2], help="of the splits")
    parser.add_argument("--depth", type=int, default=ExportConfig().depth, help="layers of the default encoder")
    parser.add_argument("--depths", type=_numbers, default=[], help="also with so many layers")
    parser.add_argument("--only", action="append", help="only this row, and the default")
    parser.add_argument("--cache", type=Path, default=_CACHE, help="where vectors are kept between runs")
    parser.add_argument("--json", type=Path, help="write the table there as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
