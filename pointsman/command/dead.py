"""`pointsman dead`: records that could not be handled; read them, and have them handled again."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.markup import escape

from pointsman.command.options import Json, State
from pointsman.command.output import print_json, print_note, print_rich, table
from pointsman.local.state import Endpoints, find
from shared.database.claims import Claims
from shared.database.engine import Database
from shared.errors import PermanentError
from shared.messages import Query, new_query_id
from shared.stream.clock import BrokerClock
from shared.stream.headers import Death, original
from shared.stream.producer import Producer
from shared.stream.records import Outgoing, Record
from shared.stream.snapshot import snapshot
from shared.stream.survey import survey
from shared.topics import DEAD, QUERIES, QUERIES_BATCH

app = typer.Typer(no_args_is_help=True, help="List records that could not be handled, and replay them.")


@app.command("list")
def show(
    topic: Annotated[str | None, typer.Argument(help="Only those of this topic.", show_default=False)] = None,
    as_json: Json = False,
    state: State = None,
) -> None:
    """List dead letters: where from, why, how often tried. They are kept for 30 days."""
    letters = asyncio.run(_all_letters(find(state), topic))
    if as_json:
        print_json([_as_data(letter) for letter in letters])
    elif letters:
        columns = ("Topic", "Offset", "Since", "Tries", "Why")
        print_rich(table(*columns, rows=[_row(letter) for letter in letters], numbers=("Tries",)))
    else:
        print_note("There are no dead letters.")


@app.command()
def replay(
    topic: Annotated[str, typer.Argument(help="As `dead list` names it.")],
    offset: Annotated[
        list[str] | None,
        typer.Option(help="Only this one, as `dead list` names it (partition-offset); may be repeated."),
    ] = None,
    as_json: Json = False,
    state: State = None,
) -> None:
    """Send dead letters to their topic again, bytes as they were.

    A query that has an outcome already is asked again under a new id. The letters stay where they are: replay one
    twice, and it is handled twice.

    Example:

      pointsman dead replay queries --offset 3-17
    """
    replayed = asyncio.run(_replay(find(state), topic, offset))
    if as_json:
        print_json([{"letter": place_of(letter), "query_id": query_id} for letter, query_id in replayed])
        return
    for letter, query_id in replayed:
        print_note(f"{topic} {place_of(letter)}" + ("" if query_id is None else f": asked again as {query_id}"))
    print_note(f"{len(replayed)} replayed.")


async def _all_letters(fleet: Endpoints, topic: str | None) -> list[Record]:
    names = [f"{topic}{DEAD}"] if topic is not None else await _dead_topics(fleet.kafka)
    return [letter for name in names for letter in await snapshot(fleet.kafka, name)]


async def _dead_topics(kafka: str) -> list[str]:
    return [one.name for one in await survey(kafka) if one.name.endswith(DEAD) and one.records]


async def _replay(fleet: Endpoints, topic: str, offsets: list[str] | None) -> list[tuple[Record, str | None]]:
    letters = chosen(await snapshot(fleet.kafka, f"{topic}{DEAD}"), topic, offsets)
    database, producer = Database(fleet.postgres), Producer(fleet.kafka, BrokerClock())
    try:
        renamed = [await _new_id(Claims(database), topic, letter) for letter in letters]
        outgoing = [revived(letter, topic, query_id) for letter, query_id in zip(letters, renamed, strict=True)]
        await producer(outgoing)
    finally:
        await producer.stop()
        await database.close()
    return list(zip(letters, renamed, strict=True))


def chosen(letters: list[Record], topic: str, offsets: list[str] | None) -> list[Record]:
    """The letters at these offsets, all where none are named; raises PermanentError where there is none."""
    found = [letter for letter in letters if not offsets or place_of(letter) in offsets]
    missing = sorted(set(offsets or ()) - {place_of(letter) for letter in found})
    if missing:
        raise PermanentError(f"{topic} has no dead letter {', '.join(missing)}; see `pointsman dead list {topic}`")
    if not found:
        raise PermanentError(f"{topic} has no dead letters; see `pointsman dead list`")
    return found


async def _new_id(claims: Claims, topic: str, letter: Record) -> str | None:
    """A new id where the letter is a query that has an outcome."""
    if topic not in (QUERIES.name, QUERIES_BATCH.name):
        return None
    try:
        query = Query.decode(letter.value)
    except PermanentError:
        return None
    return None if await claims.response_of(query.tenant, query.query_id) is None else new_query_id()


def revived(letter: Record, topic: str, query_id: str | None) -> Outgoing:
    """The record as it was, on the partition it was on; with another query id when one is given."""
    value = letter.value
    if query_id is not None:
        value = Query.decode(value).model_copy(update={"query_id": query_id}).encode()
    return Outgoing(topic, value, letter.position.partition, letter.key, original(letter.headers))


def place_of(letter: Record) -> str:
    """How a letter is named here: partition and offset of its own record."""
    return f"{letter.position.partition}-{letter.position.offset}"


def _as_data(letter: Record) -> JsonValue:
    death = Death.of(letter.headers)
    return {
        "topic": death.position.topic,
        "letter": place_of(letter),
        "record": f"{death.position.partition}-{death.position.offset}",
        "since": letter.appended_at,
        "error": death.error,
        "message": death.message,
        "tries": death.tries,
        "instance": death.instance,
        "bytes": len(letter.value),
    }


def _row(letter: Record) -> tuple[str, ...]:
    death = Death.of(letter.headers)
    since = datetime.fromtimestamp(letter.appended_at, UTC).isoformat(" ", "seconds")
    why = f"{death.error}: {death.message}"
    return (escape(death.position.topic), place_of(letter), since, str(death.tries), escape(why))
