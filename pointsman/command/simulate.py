"""`pointsman simulate`: simulated LLMs to start, to disturb while they run, and to make training data of."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from pointsman.command.disturbance import behave
from pointsman.command.options import Json, State
from pointsman.command.output import print_json, print_note, print_rich, table
from pointsman.local.state import find
from services.simulator.app import PLANTED_LLMS, serve
from services.simulator.dataset import write_dataset, write_pools
from services.simulator.faults import Fault
from services.simulator.profiles import CAST
from services.simulator.settings import SimulatorSettings
from shared import logs
from shared.errors import ConfigurationError, PermanentError
from shared.messages.message import describe

simulate = typer.Typer()


@simulate.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    llms: Annotated[int | None, typer.Option(help="How many get a descriptor; all are served.")] = None,
    speed: Annotated[float, typer.Option(help="Faster than real time by this factor.")] = 1.0,
    data: Annotated[Path | None, typer.Option(help="Replay the recorded answers of this folder.")] = None,
    pool: Annotated[str | None, typer.Option(help="Pool of the folder's pools.json.")] = None,
    descriptors: Annotated[Path | None, typer.Option(help="Folder for the LLMs' env files.")] = None,
) -> None:
    """Serve simulated LLMs until Ctrl-C.

    Without --data their skills are planted: they solve generated exercises, each LLM some topics better than others.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        settings = SimulatorSettings(port=port, llms=llms, speed=speed, data=data, pool=pool, descriptors=descriptors)
    except ValidationError as error:
        raise ConfigurationError(f"simulate: {describe(error)}") from error
    logs.configure("simulator", "command", settings.log_level)
    asyncio.run(serve(settings))


@simulate.command("set")
def change(
    llm: Annotated[str | None, typer.Argument(help="Its name; none changes all of them.")] = None,
    error_rate: Annotated[float | None, typer.Option(help="Share of calls that go wrong; 0 ends all faults.")] = None,
    error_kind: Annotated[Fault, typer.Option(help="What goes wrong.")] = Fault.SERVER_ERROR,
    parallelism: Annotated[int | None, typer.Option(help="Calls at a time; the others wait.")] = None,
    first_token_s: Annotated[float | None, typer.Option(help="Seconds to the first token.")] = None,
    tokens_per_s: Annotated[float | None, typer.Option(help="Tokens per second after it.")] = None,
    speed: Annotated[float | None, typer.Option(help="Faster than real time by this factor.")] = None,
    stall_s: Annotated[float | None, typer.Option(help="Seconds of a stall.")] = None,
    retry_after_s: Annotated[float | None, typer.Option(help="What a 429 says to wait.")] = None,
    url: Annotated[str | None, typer.Option(help="Base URL of the simulator; else the fleet's.")] = None,
    as_json: Json = False,
    state: State = None,
) -> None:
    """Change how simulated LLMs behave while they run, and show how they do now.

    Example:

      pointsman simulate set plover-mini --error-rate 0.5 --error-kind rate_limit
    """
    numbers = {
        "parallelism": parallelism,
        "first_token_s": first_token_s,
        "tokens_per_s": tokens_per_s,
        "speed": speed,
        "stall_s": stall_s,
        "retry_after_s": retry_after_s,
    }
    fields = {name: number for name, number in numbers.items() if number is not None}
    faults = None if error_rate is None else {error_kind: error_rate}
    behaviours = asyncio.run(behave(url or _simulator(state), llm, fields, faults))
    if as_json:
        print_json({name: behaviour.model_dump(mode="json") for name, behaviour in behaviours.items()})
        return
    columns = ("LLM", "Slots", "First token s", "Tokens/s", "Speed", "Faults")
    rows = [
        (
            name,
            str(one.parallelism),
            f"{one.first_token_s:g}",
            f"{one.tokens_per_s:g}",
            f"{one.speed:g}",
            ", ".join(f"{fault} {share:g}" for fault, share in one.faults.items()),
        )
        for name, one in behaviours.items()
    ]
    print_rich(table(*columns, rows=rows, numbers=columns[1:5]))


@simulate.command()
def data(
    queries: Annotated[int, typer.Option(min=1, help="Different prompts; each LLM answers each.")],
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    pool_out: Annotated[Path, typer.Option(help="pools.json to write; llm_prices.csv goes beside it.")],
    seed: Annotated[int, typer.Option(help="Of the prompts and of the LLMs' luck.")] = 0,
) -> None:
    """Write the planted LLMs' answers to generated exercises, for `pointsman train --data OUT --pool POOL_OUT:planted`.

    The pool `planted` has the LLMs that `pointsman up` starts, `planted_all` also those that may be added later.
    """
    for file in (out, pool_out):
        if not file.absolute().parent.is_dir():
            raise PermanentError(f"expected a folder at {file.parent}, there is none; make it first")
    write_dataset(out, queries, CAST, seed)
    write_pools(pool_out, out.stem, {"planted": CAST[:PLANTED_LLMS], "planted_all": CAST})
    print_note(f"{queries} prompts x {len(CAST)} LLMs in {out}; pools planted and planted_all in {pool_out}")


def _simulator(state: Path | None) -> str:
    url = find(state).simulator
    if url is None:
        raise ConfigurationError("the fleet has no simulated LLMs; name a simulator with --url")
    return url
