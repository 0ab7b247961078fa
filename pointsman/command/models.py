"""`pointsman models`: the versions in the registry, and which of them are live."""

import asyncio
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.markup import escape

from pointsman.command.announcing import announce
from pointsman.command.cards import lines
from pointsman.command.options import Json, State
from pointsman.command.output import print_json, print_note, print_rich, table
from pointsman.local.state import Endpoints, find
from shared.database import registry
from shared.database.engine import Database
from shared.database.registry import RegisteredModel
from shared.errors import PermanentError
from shared.messages import Model

Version = Annotated[str, typer.Argument(help="As `pointsman models list` prints it.")]
OfLlm = Annotated[str | None, typer.Option("--llm", help="Of a head: its LLM.")]
Kind = Annotated[str, typer.Argument(help="encoder, head or policy.")]
Because = Annotated[str | None, typer.Option(help="Why; kept with the version that goes.")]
_KINDS = ("encoder", "head", "policy")

app = typer.Typer(no_args_is_help=True, help="List, promote and roll back model versions.")


@app.command("list")
def show_all(llm: OfLlm = None, as_json: Json = False, state: State = None) -> None:
    """List every version: encoders, heads and policies, oldest first."""
    versions = asyncio.run(_versions(find(state)))
    shown = [one for one in versions if llm in (None, one.model.llm)]
    if as_json:
        print_json([_as_data(one) for one in shown])
        return
    print_rich(table("Kind", "LLM", "Version", "Status", "Added", "Reason", rows=[_row(one) for one in shown]))


@app.command()
def show(version: Version, llm: OfLlm = None, as_json: Json = False, state: State = None) -> None:
    """Show a version's card: what it was made from and how it was measured."""
    found = _only(asyncio.run(_versions(find(state))), version, llm)
    if as_json:
        print_json(_as_data(found))
    else:
        print_rich(table("Field", "Value", rows=[(name, escape(text)) for name, text in lines(found)]))


@app.command()
def promote(version: Version, llm: OfLlm = None, as_json: Json = False, state: State = None) -> None:
    """Make a version live in place of the one that is; the fleet swaps it without a restart."""
    fleet = find(state)
    found = _only(asyncio.run(_versions(fleet)), version, llm)
    _tell(fleet, asyncio.run(_promoted(fleet, found.model)), as_json)


@app.command()
def rollback(
    kind: Kind, llm: OfLlm = None, because: Because = None, as_json: Json = False, state: State = None
) -> None:
    """Make the version live again that was before the one that is; that one stays in the registry as rejected.

    Example:

      pointsman models rollback head --llm large --because "answers got worse"
    """
    if kind not in _KINDS:
        raise PermanentError(f"expected {', '.join(_KINDS)}, got {kind!r}")
    if (kind == "head") != (llm is not None):
        raise PermanentError("expected --llm with a head and with nothing else: each LLM has its own head")
    fleet = find(state)
    _tell(fleet, asyncio.run(_rolled_back(fleet, kind, llm, because)), as_json)


def _tell(fleet: Endpoints, live: Model, as_json: bool) -> None:
    announced = asyncio.run(announce([live], fleet.kafka))
    if as_json:
        print_json({"model": live.model_dump(mode="json"), "announced": announced})
    else:
        later = "" if announced else "; Kafka does not answer: the fleet hears of it when its trainer starts"
        print_note(f"{live.key} is now {live.version}{later}.")


async def _versions(fleet: Endpoints) -> list[RegisteredModel]:
    async with Database(fleet.postgres) as database, database.session() as session:
        return await registry.models(session)


async def _promoted(fleet: Endpoints, model: Model) -> Model:
    async with Database(fleet.postgres) as database, database.session() as session:
        await registry.expect_llm(session, model.llm)
        live = await registry.promote(session, model.kind, model.llm, model.version)
        await session.commit()
        return live


async def _rolled_back(fleet: Endpoints, kind: str, llm: str | None, because: str | None) -> Model:
    async with Database(fleet.postgres) as database, database.session() as session:
        await registry.expect_llm(session, llm)
        live = await registry.roll_back(session, kind, llm, because)
        await session.commit()
        return live


def _only(models: list[RegisteredModel], version: str, llm: str | None) -> RegisteredModel:
    found = [one for one in models if one.model.version == version and llm in (None, one.model.llm)]
    if not found:
        raise PermanentError(f"there is no version {version!r}; see `pointsman models list`")
    if len(found) > 1:
        owners = ", ".join(sorted(one.model.llm or one.model.kind for one in found))
        raise PermanentError(f"version {version!r} is of {owners}; say which with --llm")
    return found[0]


def _as_data(found: RegisteredModel) -> JsonValue:
    return {
        **found.model.model_dump(mode="json"),
        "status": found.status,
        "reason": found.reason,
        "added_at": found.added_at.isoformat(),
        "card": found.card,
    }


def _row(found: RegisteredModel) -> tuple[str, ...]:
    added = found.added_at.strftime("%Y-%m-%d %H:%M")
    return (found.model.kind, found.model.llm or "-", found.model.version, found.status, added, found.reason or "-")
