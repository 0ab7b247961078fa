"""`pointsman feedback`: how good an answer was, kept with what was decided."""

import asyncio
from typing import Annotated

import typer

from pointsman.client import Client
from pointsman.command.options import Json, State, Tenant
from pointsman.command.output import print_json, print_note


def feedback(
    query_id: Annotated[str, typer.Argument(help="As `pointsman ask` said it.")],
    satisfied: Annotated[
        bool | None, typer.Option("--satisfied/--unsatisfied", help="Was it good enough?", show_default=False)
    ] = None,
    quality: Annotated[float | None, typer.Option(help="Its quality, 0 to 1.", show_default=False)] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Take back what was said.")] = False,
    source: Annotated[str | None, typer.Option(help="Who says so.", show_default=False)] = "command",
    tenant: Tenant = "default",
    as_json: Json = False,
    state: State = None,
) -> None:
    """Say one thing of an answer; the last word counts, and it can be withdrawn.

    Examples:

      pointsman feedback 3f1c --satisfied

      pointsman feedback 3f1c --quality 0.8
    """
    asyncio.run(_say(Client.find(state, tenant=tenant), query_id, satisfied, quality, withdrawn, source))
    if as_json:
        print_json({"query_id": query_id, "tenant": tenant, "said": True})
    else:
        print_note(f"Said of query {query_id}.")


async def _say(
    client: Client, query_id: str, satisfied: bool | None, quality: float | None, withdrawn: bool, source: str | None
) -> None:
    async with client:
        await client.feedback(query_id, satisfied=satisfied, quality=quality, withdrawn=withdrawn, source=source)
