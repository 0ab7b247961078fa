"""`pointsman ask`: one question, its answer as it arrives, and a line on how it came about."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from pointsman.client import Client, Restart, Text
from pointsman.command.options import Json, State, Tenant
from pointsman.command.output import print_json, print_note, seconds, usd, writer_of_text
from shared.errors import PointsmanError, RefusedError
from shared.messages import Preferences, Response
from shared.messages.message import describe


def ask(
    prompt: Annotated[str, typer.Argument(help="What to ask; `-` reads it from standard input.")],
    willingness_to_pay: Annotated[
        float | None, typer.Option(help="How much quality is worth; 0 takes the cheapest.", show_default=False)
    ] = None,
    max_cost_usd: Annotated[
        float | None, typer.Option(help="Only LLMs expected to cost at most this.", show_default=False)
    ] = None,
    max_wait_s: Annotated[
        float | None, typer.Option(help="Only LLMs expected to answer within; also the deadline.", show_default=False)
    ] = None,
    llm: Annotated[
        list[str] | None, typer.Option(help="Only this LLM; repeat it to allow several.", show_default=False)
    ] = None,
    explore: Annotated[bool, typer.Option(help="Now and then an LLM is drawn at random, to learn.")] = True,
    tenant: Tenant = "default",
    as_json: Json = False,
    state: State = None,
) -> None:
    """Ask, and read the answer as it arrives.

    Examples:

      pointsman ask "Why is the sky blue?"

      pointsman ask --max-cost-usd 0.001 --llm small --llm large - < question.txt
    """
    try:
        preferences = Preferences(
            willingness_to_pay=willingness_to_pay,
            max_cost_usd=max_cost_usd,
            max_wait_s=max_wait_s,
            llms=tuple(llm) if llm else None,
            explore=explore,
        )
    except ValidationError as error:
        raise RefusedError("invalid", f"expected preferences, {describe(error)}") from error
    question = sys.stdin.read() if prompt == "-" else prompt
    client = Client.find(state, tenant=tenant)
    response = asyncio.run(_ask(client, question, preferences) if as_json else _show(client, question, preferences))
    if as_json:
        print_json(response.model_dump(mode="json"))
    else:
        print_note(summary(response, state))
    _check(response)


async def _ask(client: Client, question: str, preferences: Preferences) -> Response:
    async with client:
        return await client.ask(question, preferences=preferences)


async def _show(client: Client, question: str, preferences: Preferences) -> Response:
    write = writer_of_text()
    async with client:
        async for event in client.stream(question, preferences=preferences):
            match event:
                case Text(text):
                    write(text)
                case Restart():
                    write("\n")
                    print_note("That attempt failed; another LLM begins anew:")
                case Response():
                    write("\n" if event.status == "answered" else "")
                    return event
    raise AssertionError("a stream ends with its response")


def summary(response: Response, state: Path | None = None) -> str:
    """Who answered, at what price, after what wait, and how to learn why."""
    why = f"pointsman explain {response.query_id}" + (f" --state {state}" if state else "")
    if response.tenant != "default":
        why += f" --tenant {response.tenant}"
    told = [response.llm, usd(response.cost_usd), seconds(response.wait_s)]
    return " · ".join([part for part in told if part is not None and part != "-"] + [f"why: {why}"])


def _check(response: Response) -> None:
    """Raise what was not answered: bad input when refused."""
    if response.status == "answered":
        return
    kind = "unknown" if response.error is None else response.error.kind
    message = "no reason was given" if response.error is None else response.error.message
    if response.status == "refused":
        raise RefusedError(kind, f"refused ({kind}): {message}")
    raise PointsmanError(f"failed ({kind}): {message}")
