"""`pointsman models`: the versions in the registry, and which of them are live."""

import asyncio
from typing import Annotated

import typer
from pydantic import JsonValue

from pointsman.command.announcing import announce
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

app = typer.Typer(no_args_is_help=True, help="List, promote and roll back model versions.")


@app.command("list")
def show_all(as_json: Json = False, state: State = None) -> None:
    """List every version: encoders, heads and policies, oldest first."""
    models = asyncio.run(_versions(find(state)))
    if as_json:
        print_json([_as_data(model) for model in models])
        return
    rows = [_row(model) for model in models]
    print_rich(table("Kind", "LLM", "Version", "Status", "Added", "Reason", rows=rows))


@app.command()
def show(version: Version, llm: OfLlm = None, as_json: Json = False, state: State = None) -> None:
    """Show a version's card: what it was made from and how it was measured."""
    found = _only(asyncio.run(_versions(find(state))), version, llm)
    if as_json:
        print_json(_as_data(found))
        return
    card = found.card if isinstance(found.card, dict) else {}
    rows = [("status", found.status), ("reason", found.reason or "-"), ("sha256", found.model.sha256 or "-")]
    print_rich(table("Field", "Value", rows=rows + [(name, str(value)) for name, value in card.items()]))


@app.command()
def promote(version: Version, llm: OfLlm = None, as_json: Json = False, state: State = None) -> None:
    """Make a version live in place of the one that is; the fleet swaps it without a restart."""
    fleet = find(state)
    found = _only(asyncio.run(_versions(fleet)), version, llm)
    _promote(fleet, found.model, as_json)


@app.command()
def rollback(kind: Kind, llm: OfLlm = None, as_json: Json = False, state: State = None) -> None:
    """Make the version live again that was before the one that is."""
    fleet = find(state)
    versions = asyncio.run(_versions(fleet))
    _promote(fleet, previous(versions, kind, llm), as_json)


def previous(versions: list[RegisteredModel], kind: str, llm: str | None) -> Model:
    """The version that was live last among those that share the live one's place.

    Raises PermanentError when nothing is live, or nothing was before.
    """
    of_kind = [one for one in versions if one.model.kind == kind and one.model.llm == llm]
    live = max((one for one in of_kind if one.status == "live"), key=lambda one: one.added_at, default=None)
    if live is None:
        raise PermanentError(f"expected a live {kind}, there is none; see `pointsman models list`")
    retired = [one.model for one in of_kind if one.status == "retired" and one.model.key == live.model.key]
    if not retired:
        raise PermanentError(f"{live.model.version} is the first that was live, there is nothing to go back to")
    return max(retired, key=lambda model: model.revision)


def _promote(fleet: Endpoints, model: Model, as_json: bool) -> None:
    live = asyncio.run(_make_live(fleet, model))
    announced = asyncio.run(announce([live], fleet.kafka))
    if as_json:
        print_json({"model": live.model_dump(mode="json"), "announced": announced})
    else:
        later = "" if announced else "; Kafka does not answer: the fleet hears of it when its trainer starts"
        print_note(f"{live.key} is now {live.version}{later}.")


async def _versions(fleet: Endpoints) -> list[RegisteredModel]:
    async with Database(fleet.postgres) as database, database.session() as session:
        return await registry.models(session)


async def _make_live(fleet: Endpoints, model: Model) -> Model:
    async with Database(fleet.postgres) as database, database.session() as session:
        live = await registry.promote(session, model.kind, model.llm, model.version)
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
