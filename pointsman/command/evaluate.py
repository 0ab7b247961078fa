"""`pointsman evaluate`: how good routing is on recorded answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.command.options import Json
from pointsman.command.output import print_json, print_note, print_rich, table

if TYPE_CHECKING:
    from pointsman.evaluation.report import Report

_CACHE = Path("~/.cache/pointsman")
_SEPARATOR = ","
#: Of tuning, at most; as train has them.
_EPOCHS = 2


def evaluate(
    train: Annotated[list[Path], typer.Option(help="Canonical parquet to fit on; may be given more than once.")],
    test: Annotated[list[Path], typer.Option(help="Canonical parquet to score on; may be given more than once.")],
    pool: Annotated[str, typer.Option(help="FILE:NAME of a set of LLMs, such as pools.json:zeroeval_13.")],
    out: Annotated[Path, typer.Option(help="Folder for report.json, index.html and the plots.")],
    reference: Annotated[str | None, typer.Option(help="LLM that ratios refer to; default: the pool's.")] = None,
    llms: Annotated[str | None, typer.Option(help="Only these of the pool's LLMs: A,B.")] = None,
    withhold: Annotated[list[str] | None, typer.Option(help="Also evaluate this LLM as if it came new.")] = None,
    ood: Annotated[list[Path] | None, typer.Option(help="Also score on this file of another source.")] = None,
    parts: Annotated[
        str | None, typer.Option(help="Kinds of heads that are also scored alone: A,B; default: all that are tried.")
    ] = None,
    encoder: Annotated[str | None, typer.Option(help="A BERT by name or path; default: the fleet's own.")] = None,
    tune_encoder: Annotated[
        bool, typer.Option("--tune-encoder", help="Tune it on the data sets as train does; taken only where it wins.")
    ] = False,
    cache: Annotated[Path, typer.Option(help="Where encoder and vectors are kept between runs.")] = _CACHE,
    seed: Annotated[int, typer.Option(help="Of splits, heads and intervals.")] = 0,
    as_json: Json = False,
) -> None:
    """Fit routers on recorded answers, score them on others, and write figures and a page; needs no fleet.

    Beside the router that is served stand its parts and the usual baselines. Of --test nothing is learned.

    Example:

      pointsman evaluate --train train.parquet --test test.parquet --pool pools.json:zeroeval_13 --out evaluation
    """
    # Late: they import what takes seconds, and --help need not wait for it.
    from pointsman.command.encoding import Tagging, Tuning, train_config
    from pointsman.command.progress import shown
    from pointsman.evaluation.evaluation import Plan, evaluate
    from pointsman.evaluation.material import Sources
    from pointsman.evaluation.writing import check_free, write
    from pointsman.training.recorded import read_pool
    from services.embedder.export import ExportConfig

    check_free(out)
    chosen = None if llms is None else _names(llms)
    withheld = tuple(name for given in withhold or () for name in _names(given))
    sources = Sources(tuple(train), tuple(test), read_pool(pool), reference, chosen)
    exported = ExportConfig(model=encoder)
    tuning = Tuning(_EPOCHS, exported.depth) if tune_encoder else None
    folder = cache.expanduser()
    plan = Plan(
        sources,
        exported,
        folder,
        heads=train_config(Tagging(), tuning, folder, seed),
        parts=None if parts is None else _names(parts),
        withhold=withheld,
        ood=tuple(ood or ()),
        seed=seed,
    )
    with shown() as progress:
        report = evaluate(plan, progress)
    write(report, out)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _print(report, out)


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(_SEPARATOR) if name.strip())


def _print(report: "Report", out: Path) -> None:
    columns = ("Router", "Area", "95 %", "At 24 % cost", "For 97.25 %", "Ours less this")
    rows = [
        (
            name,
            f"{router.area:.3f}",
            _ends(router.ci95.area),
            _ratio(router.quality_ratio_at_cost_share["0.2418"]),
            _ratio(router.cost_share_at_quality_ratio["0.9725"]),
            "" if (less := report.differences.get(f"pointsman - {name}")) is None else _difference(less.area),
        )
        for name, router in report.routers.items()
    ]
    print_rich(table(*columns, rows=rows, numbers=columns[1:]))
    print_note(f"Quality and cost relative to {report.reference.llm}, on {report.sources.test_queries:,} test queries.")
    print_note(f"The page: {out / 'index.html'}")


def _ends(ends: tuple[float | None, float | None]) -> str:
    return "–".join(_ratio(end) for end in ends)


def _ratio(value: float | None) -> str:
    return "never" if value is None else f"{value:.3f}"


def _difference(ends: tuple[float, float, float]) -> str:
    low, _, high = ends
    return f"{low:+.3f} to {high:+.3f}"
