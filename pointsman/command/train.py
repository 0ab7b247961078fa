"""`pointsman train`: first heads, from recorded answers."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich import progress as bars
from rich.console import Console

from pointsman.command.announcing import announce
from pointsman.command.options import Json, State
from pointsman.command.output import print_json, print_note, print_rich, table
from pointsman.local.state import find
from pointsman.training.publishing import Candidate, Judgement
from pointsman.training.recorded import Recorded, read_pool, read_recorded
from pointsman.training.training import TrainConfig, Trained, Workplace, train_heads
from shared.artifacts import Artifacts
from shared.database.engine import Database

_CACHE = Path.home() / ".cache" / "pointsman" / "vectors"


def train(
    data: Annotated[list[Path], typer.Option(help="Canonical parquet file; may be given more than once.")],
    pool: Annotated[str, typer.Option(help="FILE:NAME of a set of LLMs, such as pools.json:zeroeval_13.")],
    out: Annotated[Path | None, typer.Option(help="Also write the result there, as train.json.")] = None,
    cache: Annotated[Path, typer.Option(help="Where vectors are kept between runs.")] = _CACHE,
    seed: Annotated[int, typer.Option(help="Of split and forests: the same seed gives the same files.")] = 0,
    as_json: Json = False,
    state: State = None,
) -> None:
    """Fit one head per LLM on recorded answers, and make live what beats the constant.

    Needs Postgres and an encoder in the registry; a running fleet swaps its heads at once.

    Example:

      pointsman train --data zeroeval.parquet --pool pools.json:zeroeval_13
    """
    chosen = read_pool(pool)
    recorded = read_recorded(data, chosen)
    fleet = find(state)
    place = Workplace(Artifacts(fleet.artifacts), Database(fleet.postgres), cache)
    trained = asyncio.run(_train(recorded, chosen.reference, place, TrainConfig(seed=seed)))
    announced = asyncio.run(announce(trained.live, fleet.kafka))
    result: JsonValue = [_as_data(candidate) for candidate in trained.candidates]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "train.json").write_text(json.dumps(result, indent=2))
    if as_json:
        print_json(result)
    else:
        columns = ("LLM", "Head", "Rows", "Quality", "Length", "")
        print_rich(table(*columns, rows=[_row(candidate) for candidate in trained.candidates], numbers=columns[2:5]))
        print_note("Quality and length: share of the constant's squared error that the head explains, held out.")
    if not announced:
        print_note("Kafka does not answer: the fleet hears of these models when its trainer starts.")


async def _train(recorded: Recorded, reference: str, place: Workplace, config: TrainConfig) -> Trained:
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn())
    try:
        with bars.Progress(*columns, bars.TimeElapsedColumn(), console=Console(stderr=True)) as shown:
            tasks: dict[str, bars.TaskID] = {}

            def tell(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = shown.add_task(stage, total=total)
                shown.update(tasks[stage], completed=done)

            return await train_heads(recorded, reference, place, config, tell)
    finally:
        await place.database.close()


def _as_data(candidate: Candidate) -> JsonValue:
    return {
        **candidate.card.model_dump(mode="json"),
        "sha256": candidate.model.sha256,
        "status": "live" if candidate.rejected is None else "rejected",
        "reason": candidate.rejected,
    }


def _row(candidate: Candidate) -> tuple[str, ...]:
    card = candidate.card
    verdict = "live" if candidate.rejected is None else "rejected"
    return (
        card.llm,
        card.version,
        f"{card.training_rows:,}",
        _explained(card.quality),
        _explained(card.length),
        verdict,
    )


def _explained(judged: Judgement) -> str:
    return f"{1 - judged.squared_error / judged.constant_squared_error:.0%}"
