"""Which kind of head, features, weight of uncertainty and encoder depth route best on recorded answers.

Run: `python -m benchmarks.router_choice --data FILE --pool FILE:NAME [--depths 1,4] [--lengths 64,128]
[--tuned softmax,literal] [--json FILE]`.
Areas are those of design 5, by the heads' files, on a quarter of the queries that was held out of everything.
Differences to the first row are paired by split, with their standard error over the splits.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from pydantic import TypeAdapter

from pointsman.training.charting import Charted, chart_encoder
from pointsman.training.config import TrainConfig
from pointsman.training.heads import fit_heads
from pointsman.training.prices import expected_costs
from pointsman.training.recorded import Answers, Recorded, read_pool, read_recorded
from pointsman.training.settling import learn, learn_all, settle
from pointsman.training.tagging.domains import group_queries
from pointsman.training.tagging.labels import LabelTagger
from pointsman.training.tuning.config import AdoptConfig, Form, TuneConfig
from pointsman.training.tuning.desk import Desk
from pointsman.training.vectors import Embedded, embed
from services.embedder.export import ExportConfig, export
from services.trainer.fitting.basis import Basis, HeadConfig
from services.trainer.fitting.examples import Mask
from services.trainer.fitting.routing import Answered, area
from services.trainer.fitting.split import held_out
from shared.artifacts import Artifacts
from shared.encoder import Encoder
from shared.head import Forecasts, Head, Inputs
from shared.inference import Floats

_TEST_SHARE = 0.25
#: Heads divide their own rows by the plain seeds.
_SPLITS_FROM = 1000
_CACHE = Path("~/.cache/pointsman/vectors")
_ALPHAS = (0.01, 0.05, 0.2)
#: Of fits in which each LLM's trees see its own rows alone.
_ALONE = {
    "forest per LLM, no features": (HeadConfig(quality=("forest",)), False),
    "extra per LLM": (HeadConfig(quality=("extra",)), True),
}


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
class Split:
    """One division of the queries, embedded."""

    material: Material
    config: TrainConfig
    artifacts: Artifacts
    test: Mask
    trained: Recorded
    charted: Charted
    prompt_tokens: Floats
    asked: Inputs


@dataclass(frozen=True, slots=True)
class Measured:
    """What a choice came to on one split."""

    area: float
    fitting_s: float
    largest_mb: float
    kind: str


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
    recorded = Recorded(
        [whole.prompts[row] for row in rows],
        {llm: Answers(np.arange(len(rows)), *columns) for llm, columns in table.items()},
        None if whole.datasets is None else [whole.datasets[row] for row in rows],
    )
    return Material(recorded, quality[rows], tokens[rows], cost[rows], [*table].index(chosen.reference))


def tested(material: Material, seed: int) -> Mask:
    """(n,) The quarter of the queries that nothing is learned of."""
    return held_out(material.recorded.prompts, _TEST_SHARE, _SPLITS_FROM + seed)


def divide(material: Material, encoder: Encoder, embedded: Embedded, seed: int, artifacts: Artifacts) -> Split:
    """Three quarters to fit, charted by themselves; the others placed among them."""
    test, config = tested(material, seed), TrainConfig(seed=seed)
    charted = chart_encoder(encoder, _part_of(embedded, ~test), None, artifacts, config.atlas)
    asked = _part_of(embedded, test).placed(charted.atlas).inputs
    trained = _asked(material.recorded, ~test)
    return Split(material, config, artifacts, test, trained, charted, embedded.prompt_tokens, asked)


def measure_kinds(split: Split) -> Iterator[tuple[str, Measured]]:
    """What is settled on first, with its uncertainty rewarded too; then each kind by itself."""
    embedded = split.charted.embedded
    started = perf_counter()
    every = learn_all(split.trained, embedded, split.config)
    settled = settle(every, split.trained, embedded, split.config)
    yield from _measure("default", split, split.trained, settled, started)
    for kind in every.quality:
        started = perf_counter()
        yield next(_measure(kind, split, split.trained, every.settled(kind, {}), started))


def measure_default(split: Split) -> Measured:
    """What is settled on."""
    started = perf_counter()
    settled = learn(split.trained, split.charted.embedded, split.config)
    return dict(_measure("default", split, split.trained, settled, started))["default"]


def measure_alone(name: str, split: Split, heads: HeadConfig) -> Measured:
    """Every LLM on a basis of its own rows."""
    config, started = replace(split.config, heads=heads), perf_counter()
    made, largest = [], 0.0
    for llm, answers in split.trained.answers.items():
        recorded = replace(split.trained, answers={llm: answers})
        basis = learn_all(recorded, split.charted.embedded, config)
        [one], size = _heads(split, recorded, basis)
        made.append(one)
        largest = max(largest, size)
    return Measured(_area(split, made, alpha=0.0), perf_counter() - started, largest, name)


def _measure(
    name: str, split: Split, recorded: Recorded, basis: Basis, started: float
) -> Iterator[tuple[str, Measured]]:
    made, largest = _heads(split, recorded, basis)
    seconds, kind = perf_counter() - started, next(iter(basis.quality))
    yield name, Measured(_area(split, made, alpha=0.0), seconds, largest, kind)
    for alpha in _ALPHAS:
        yield f"alpha {alpha:g}", Measured(_area(split, made, alpha), seconds, largest, kind)


def _heads(split: Split, recorded: Recorded, basis: Basis) -> tuple[list[Forecasts], float]:
    """What the heads say of the test queries, and the largest file in MB."""
    embedded, version = split.charted.embedded, split.charted.model.version
    models = [
        one.model for one in fit_heads(recorded, embedded, version, split.artifacts, split.config, basis, relearn=False)
    ]
    sizes = [len(split.artifacts.get(model.sha256 or "")) for model in models]
    return [Head.load(model, split.artifacts).predict(split.asked) for model in models], max(sizes) / 1e6


def _area(split: Split, made: Sequence[Forecasts], alpha: float) -> float:
    """Uncertainty is rewarded in units of quality, as it is where willingness to pay is large."""
    material, test = split.material, split.test
    quality = np.stack([one.quality + alpha * one.uncertainty for one in made], axis=1)
    lengths = np.stack([one.tokens_mean for one in made], axis=1)
    answered = Answered(material.quality[test], material.cost_usd[test], material.reference)
    return area(answered, quality, costs_of(material, test, split.prompt_tokens, lengths))


def costs_of(material: Material, test: Mask, prompt_tokens: Floats, lengths: Floats) -> Floats:
    """(n, m) USD of the test queries' predicted lengths, at the prices that explain the other queries' costs best."""
    paid = np.where(test.reshape(-1, 1), np.nan, material.cost_usd)
    predicted = np.zeros_like(paid)
    predicted[test] = lengths
    return expected_costs(prompt_tokens, material.response_tokens, paid, predicted)[test]


def _asked(recorded: Recorded, rows: Mask) -> Recorded:
    """Those queries, numbered anew, and all LLMs' answers to them."""
    kept = np.flatnonzero(rows)
    answers = {
        llm: Answers(np.arange(len(kept)), one.quality[rows], one.response_tokens[rows], one.cost_usd[rows])
        for llm, one in recorded.answers.items()
    }
    datasets = None if recorded.datasets is None else [recorded.datasets[row] for row in kept]
    return Recorded([recorded.prompts[row] for row in kept], answers, datasets)


def _part_of(embedded: Embedded, rows: Mask) -> Embedded:
    return replace(
        embedded,
        vectors=embedded.vectors[rows],
        prompt_tokens=embedded.prompt_tokens[rows],
        features=embedded.features[rows],
    )


def _embed(material: Material, config: ExportConfig, cache: Path) -> tuple[Encoder, Embedded]:
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Artifacts(Path(folder).as_uri())
        encoder = Encoder.load(export(config, artifacts)[-1].model, artifacts)
        return encoder, embed(material.recorded.prompts, encoder, cache, lambda _done: None)


def _tuned(split: Split, encoder: Encoder, form: Form, seed: int, options: argparse.Namespace) -> Measured:
    """With the encoder tuned on the fitted queries' data sets, whether or not it would be adopted."""
    # Here, not above: it imports torch, which takes seconds.
    from pointsman.training.tuning.adoption import tune_encoder

    cache, trained, started = options.cache.expanduser(), split.trained, perf_counter()
    adopt = AdoptConfig(TuneConfig(form=form, seed=seed), depth=options.depth, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        # Of its own: a run that was cut would go on, and be timed in part.
        desk = Desk(encoder, split.artifacts, Path(folder), lambda *_standing: None)
        domains = group_queries(trained.prompts, LabelTagger.of(trained), encoder, lambda _done: None, seed)
        adoption = tune_encoder(trained, domains, desk, adopt)
    verdict = adoption.verdict
    print(
        f"{form}: {len(trained.prompts)} prompts in {perf_counter() - started:.0f} s; held-out squared error "
        f"{verdict.tuned:.5f}, plain {verdict.plain:.5f}, gain at least {verdict.least_gain:+.5f}; "
        f"{adoption.tuned.ended or 'all epochs were done'}, best at step {adoption.tuned.course.best.step}",
        flush=True,
    )
    tuned = Encoder.load(adoption.exported[-1].model, split.artifacts)
    embedded = embed(split.material.recorded.prompts, tuned, cache, lambda _done: None)
    return measure_default(divide(split.material, tuned, embedded, seed, split.artifacts))


def _rows(material: Material, options: argparse.Namespace, seed: int) -> Iterator[tuple[str, Measured]]:
    """All choices on one split."""
    default = ExportConfig(depth=options.depth)
    encoders = {f"{depth} layers": replace(default, depth=depth) for depth in options.depths}
    encoders |= {f"{tokens} tokens": replace(default, max_length=tokens) for tokens in options.lengths}
    for choice, config in {"": default, **encoders}.items():
        encoder, embedded = _embed(material, config, options.cache.expanduser())
        # Constant columns split nothing.
        bare = replace(embedded, features=np.zeros_like(embedded.features))
        with tempfile.TemporaryDirectory() as folder:
            artifacts = Artifacts(Path(folder).as_uri())
            split = divide(material, encoder, embedded, seed, artifacts)
            if choice:
                yield choice, measure_default(split)
                continue
            yield from measure_kinds(split)
            for form in options.tuned:
                yield f"tuned, {form}", _tuned(split, encoder, form, seed, options)
            without = divide(material, encoder, bare, seed, artifacts)
            extra = replace(without, config=replace(without.config, heads=HeadConfig(quality=("extra",))))
            yield "extra, no features", measure_default(extra)
            for name, (heads, with_features) in _ALONE.items() if options.alone else ():
                yield name, measure_alone(name, split if with_features else without, heads)


def _print(table: dict[str, list[Measured]]) -> None:
    print(f"{'choice':>28} {'area':>7} {'to default':>18} {'fit':>6} {'file':>7}  kind")
    default = np.array([each.area for each in table["default"]])
    for name, measured in table.items():
        found = np.array([each.area for each in measured])
        gains = found - default[: len(found)]
        error = gains.std(ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
        seconds, largest = np.mean([each.fitting_s for each in measured]), max(each.largest_mb for each in measured)
        kinds = ", ".join(sorted({each.kind for each in measured}))
        compared = f"{gains.mean():+.4f} +- {error:.4f}"
        print(f"{name:>28} {found.mean():>7.4f} {compared:>18} {seconds:>4.0f} s {largest:>4.1f} MB  {kinds}")
    print(flush=True)


def main() -> None:
    options = _options()
    material = read(options.data, options.pool)
    report(options.seeds, lambda seed: _rows(material, options, seed), options.json)


def report(seeds: Sequence[int], measure: Callable[[int], Iterator[tuple[str, Measured]]], file: Path | None) -> None:
    """Measure split after split, show what is known after each, and write all to the file if there is to be one."""
    table: dict[str, list[Measured]] = {}
    for seed in seeds:
        for name, measured in measure(seed):
            table.setdefault(name, []).append(measured)
        _print(table)
    if file is not None:
        rows = {name: [asdict(each) for each in measured] for name, measured in table.items()}
        file.write_text(json.dumps(rows, indent=2))


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _forms(text: str) -> list[Form]:
    return TypeAdapter(list[Form]).validate_python(text.split(","))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="canonical parquet")
    parser.add_argument("--pool", required=True, help="FILE:NAME of the pool in it")
    parser.add_argument("--seeds", type=numbers, default=[0, 1, 2], help="of the splits")
    parser.add_argument("--depth", type=int, default=ExportConfig().depth, help="layers of the default encoder")
    parser.add_argument("--depths", type=numbers, default=[], help="also with so many layers")
    parser.add_argument("--lengths", type=numbers, default=[], help="also reading so many tokens")
    parser.add_argument("--tuned", type=_forms, default=[], help="also tuned on the data sets by this loss: slow")
    parser.add_argument("--alone", action=argparse.BooleanOptionalAction, default=True, help="fit per LLM too: slow")
    parser.add_argument("--cache", type=Path, default=_CACHE, help="where vectors are kept between runs")
    parser.add_argument("--json", type=Path, help="write the table there as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
