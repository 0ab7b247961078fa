"""The log of a fleet: every answer whose prompt was stored and of which somebody said how good it was."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from pydantic import TypeAdapter, ValidationError

from pointsman.importing.formats import Format
from pointsman.importing.records import Problem, Told
from pointsman.importing.rows import Draft
from pointsman.importing.sources import Found
from services.embedder.texts import text_of
from shared.database.answers import LoggedAnswer, logged_answers
from shared.database.engine import Database
from shared.messages import ChatMessage, Query

_conversation = TypeAdapter(tuple[ChatMessage, ...])


class LogSource:
    """The answers in a fleet's Postgres, the oldest first."""

    name = "the routing log"
    format = Format.LOG
    unit = "answer"
    left_out = ()
    #: Nobody knows how much there is.
    bytes = 0

    def __init__(self, postgres: str, source: str) -> None:
        self._postgres = postgres
        self._source = source

    def read(self, told: Told) -> Iterator[Found]:
        """Raises TransientError when Postgres is away."""
        with asyncio.Runner() as runner:
            answers = self._answers()
            try:
                number = 0
                while (answer := runner.run(_next(answers))) is not None:
                    number += 1
                    yield Found(number, self._draft(answer))
            finally:
                runner.run(answers.aclose())

    async def _answers(self) -> AsyncGenerator[LoggedAnswer]:
        async with Database(self._postgres) as database, database.long_session() as session:
            async for answer in logged_answers(session):
                yield answer

    def _draft(self, answer: LoggedAnswer) -> Draft | Problem:
        name = f"{answer.tenant}/{answer.query_id}"
        if answer.text is None:
            return Problem(
                "text", "the prompt (set POINTSMAN_STORE_TEXT=true for decision and trainer)", f"none of {name}"
            )
        if answer.quality is None:
            return Problem("feedback", "feedback that was not withdrawn", f"none on {name}")
        kind = "estimated" if answer.usage_estimated else "reported"
        return Draft(
            {
                "source": self._source,
                "query_id": name,
                "domain": answer.domain,
                "dataset": answer.domain or self._source,
                "prompt": _embedded(answer.text),
                "llm": answer.llm,
                "quality": answer.quality,
                "input_tokens": answer.prompt_tokens,
                "output_tokens": answer.response_tokens,
                "cost_usd": answer.cost_usd,
                "judge": f"feedback: {answer.said_by or 'user'}",
                "tokens_kind": kind,
                "cost_kind": None if answer.cost_usd is None else kind,
            }
        )


async def _next(answers: AsyncIterator[LoggedAnswer]) -> LoggedAnswer | None:
    return await anext(answers, None)


def _embedded(text: str) -> str:
    """What the fleet embedded: of a conversation its end, as heads are fitted to vectors of that."""
    try:
        messages = _conversation.validate_json(text) if text.startswith('[{"role":') else ()
    except ValidationError:
        return text
    return text_of(Query(query_id="-", messages=messages)).embedded if messages else text
