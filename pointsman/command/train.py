"""`pointsman train`: first heads, from recorded answers."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from pointsman.command.options import Json, State, TaggerName
from pointsman.command.output import print_json, print_note, print_rich, table
from pointsman.local.state import find

_CACHE = Path("~/.cache/pointsman/vectors")


def train(
    data: Annotated[list[Path], typer.Option(help="Canonical parquet file; may be given more than once.")],
    pool: Annotated[str, typer.Option(help="FILE:NAME of a set of LLMs, such as pools.json:zeroeval_13.")],
    out: Annotated[Path | None, typer.Option(help="Also write the result there, as train.json.")] = None,
    cache: Annotated[Path, typer.Option(help="Where vectors are kept between runs.")] = _CACHE,
    seed: Annotated[int, typer.Option(help="Of split and forests: the same seed gives the same files.")] = 0,
    tagger: Annotated[
        TaggerName,
        typer.Option(help="What queries are about: by data set, by their key phrases, or by a chat model."),
    ] = "labels",
    tagger_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint, ends in /v1; for chat.")] = None,
    tagger_model: Annotated[str | None, typer.Option(help="The chat model's name there.")] = None,
    tagger_key_file: Annotated[Path | None, typer.Option(help="File with its key, if it needs one.")] = None,
    tune_encoder: Annotated[
        bool, typer.Option("--tune-encoder", help="Also tune the encoder on the domains; taken only where it wins.")
    ] = False,
    epochs: Annotated[int, typer.Option(min=1, help="Of tuning, at most.")] = 2,
    depth: Annotated[
        int | None, typer.Option(min=0, help="Layers of the tuned encoder, else as exported; 0: word vectors alone.")
    ] = None,
    as_json: Json = False,
    state: State = None,
) -> None:
    """Fit one head per LLM on recorded answers, and make live what beats the constant.

    The encoder gets an atlas of the queries, and goes live with the heads as one version. Needs Postgres and an encoder
    in the registry; a running fleet swaps them at once.

    Example:

      pointsman train --data zeroeval.parquet --pool pools.json:zeroeval_13
    """
    # Late: they import what takes seconds, and --help need not wait for it.
    from pointsman.command.announcing import announce
    from pointsman.command.encoding import Tagging, Tuning, describe, train_config
    from pointsman.command.fitting import as_data, row, train_pool

    tagging = Tagging(tagger, tagger_url, tagger_model, tagger_key_file)
    tuning = Tuning(epochs, depth) if tune_encoder else None
    config = train_config(tagging, tuning, cache.expanduser(), seed)
    fleet = find(state)
    trained = train_pool(data, pool, fleet, cache.expanduser(), config)
    announced = asyncio.run(announce(trained.live, fleet.kafka))
    result: JsonValue = [as_data(candidate) for candidate in trained.candidates]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "train.json").write_text(json.dumps(result, indent=2))
    if as_json:
        print_json(result)
    else:
        columns = ("LLM", "Head", "Rows", "Quality", "Length", "")
        print_rich(table(*columns, rows=[row(candidate) for candidate in trained.candidates], numbers=columns[2:5]))
        print_note("Quality and length: share of the constant's squared error that the head explains, held out.")
    for line in describe(trained.encoding):
        print_note(line)
    for advice, llms in trained.advice().items():
        print_note(f"{', '.join(llms)}: no head for this version of the encoder, so priors are served. {advice}")
    if not announced:
        print_note("Kafka does not answer: the fleet hears of these models when its trainer starts.")
