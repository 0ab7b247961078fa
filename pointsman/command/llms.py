"""`pointsman llms`: the LLMs of the running fleet."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.markup import escape

from pointsman.command.joining import add_llm, await_llm
from pointsman.command.options import Json, State
from pointsman.command.output import print_json, print_note, print_rich, table
from pointsman.local.state import Endpoints, find, locate
from pointsman.local.state import State as StateFolder
from shared.announcement import announcement
from shared.database import registry
from shared.database.engine import Database
from shared.messages import Llm, Model
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer

app = typer.Typer(no_args_is_help=True, help="List, add and remove LLMs of the running fleet.")


@app.command("list")
def show(
    everyone: Annotated[bool, typer.Option("--all", help="Also those that were removed.")] = False,
    as_json: Json = False,
    state: State = None,
) -> None:
    """List the LLMs: endpoint, prices, slots, and the head that predicts for each."""
    llms, heads = asyncio.run(_registered(find(state)))
    shown = [llm for llm in llms if everyone or not llm.removed]
    if as_json:
        print_json([_as_data(llm, heads.get(llm.name)) for llm in shown])
        return
    columns = ("LLM", "Model", "Endpoint", "$/Mtok in", "out", "Context", "Slots", "Head")
    print_rich(table(*columns, rows=[_row(llm, heads.get(llm.name)) for llm in shown], numbers=columns[3:7]))


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="Its descriptor: an env file with POINTSMAN_LLM_NAME and so on.")],
    timeout_s: Annotated[float, typer.Option(help="How long to wait until it takes queries.")] = 60,
    as_json: Json = False,
    state: State = None,
) -> None:
    """Add an LLM to the running fleet: one more predictor worker, nothing is restarted.

    Returns when the next query may go there. An LLM that was removed comes back; one that is there is changed.

    Example:

      pointsman llms add large.env
    """
    fleet, folder = find(state), StateFolder(locate(state))
    here = folder.running_pid() is not None
    llm = asyncio.run(add_llm(fleet, file, folder.llms if here else None))
    if here:
        asyncio.run(await_llm(fleet, llm, timeout_s, folder.logs))
    if as_json:
        print_json({"llm": llm.model_dump(mode="json"), "ready": here})
    elif here:
        print_note(f"{llm.name} is ready: the next query may go there.")
    else:
        print_note(f"{llm.name} is registered; start its predictor worker with this descriptor where the fleet runs.")


@app.command()
def remove(name: str, as_json: Json = False, state: State = None) -> None:
    """Remove an LLM from the running fleet; queries that wait for it are decided again."""
    llm = asyncio.run(_remove(find(state), name))
    (StateFolder(locate(state)).llms / f"{name}.env").unlink(missing_ok=True)
    if as_json:
        print_json({"llm": llm.model_dump(mode="json")})
    else:
        print_note(f"{name} is removed; what waited for it is decided again.")


async def _registered(fleet: Endpoints) -> tuple[list[Llm], dict[str, Model]]:
    async with Database(fleet.postgres) as database, database.session() as session:
        live = await registry.live_models(session)
        return await registry.llms(session), {one.llm: one for one in live if one.llm is not None}


async def _remove(fleet: Endpoints, name: str) -> Llm:
    async with Database(fleet.postgres) as database, database.session() as session:
        llm = await registry.remove_llm(session, name)
        await session.commit()
    producer = Producer(fleet.kafka, BrokerClock())
    try:
        await producer([announcement(llm)])
    finally:
        await producer.stop()
    return llm


def _as_data(llm: Llm, head: Model | None) -> JsonValue:
    return {**llm.model_dump(mode="json"), "head": None if head is None else head.version}


def _row(llm: Llm, head: Model | None) -> tuple[str, ...]:
    predicts = "removed" if llm.removed else "prior" if head is None else head.version
    return (
        llm.name,
        escape(llm.model),
        escape(llm.base_url),
        f"{llm.usd_per_mtok_input:g}",
        f"{llm.usd_per_mtok_output:g}",
        f"{llm.context_tokens:,}",
        str(llm.parallelism),
        predicts,
    )
