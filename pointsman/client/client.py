"""Asks the fleet: a query out, its response back. Many calls share one connection."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from pydantic import JsonValue, ValidationError

from pointsman.client.inbox import Inbox, Pending
from pointsman.client.question import Question, as_sent, patience_s, to_bytes, to_query
from pointsman.client.transcript import Event
from shared.errors import ConfigurationError, RefusedError, TransientError, UnansweredError
from shared.logs import get
from shared.messages import Feedback, Preferences, Query, Response
from shared.messages.message import describe
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer
from shared.stream.records import Outgoing
from shared.stream.replies import Replies
from shared.topics import FEEDBACK, QUERIES, QUERIES_BATCH, RESPONSE_CHUNKS, RESPONSES, origin_of

if TYPE_CHECKING:
    from pointsman.client.history import History
    from shared.database.log import Explanation

log = get(__name__)

_RETRY_S = 1.0


class Client:
    """A connection to the fleet, used as `async with Client("localhost:9092") as client`.

    `postgres` is needed by `explain` only.
    """

    def __init__(self, kafka: str, *, postgres: str | None = None, tenant: str = "default") -> None:
        self._postgres = postgres
        self._tenant = tenant
        self._inbox = Inbox()
        self._producer = Producer(kafka, BrokerClock())
        self._replies = Replies(kafka, (RESPONSES.name, RESPONSE_CHUNKS.name), self._inbox.receive)
        self._closing = AsyncExitStack()
        self._reply_partition = 0
        self._history: History | None = None

    @classmethod
    def find(cls, state: Path | None = None, *, tenant: str = "default") -> Self:
        """A client of the fleet whose state is in this folder, else in the usual places."""
        from pointsman.local.state import find

        endpoints = find(state)
        return cls(endpoints.kafka, postgres=endpoints.postgres, tenant=tenant)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            self._reply_partition = await self._replies.start(sender=uuid4().hex)
            opened.push_async_callback(self._replies.stop)
            await self._producer.start()
            opened.push_async_callback(self._producer.stop)
            self._closing = opened.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    async def ask(
        self,
        question: Question,
        *,
        preferences: Preferences | None = None,
        parameters: Mapping[str, JsonValue] | None = None,
        timeout_s: float | None = None,
        batch: bool = False,
    ) -> Response:
        """The query's one outcome: answered, refused or failed, as its `status` says.

        `parameters` go to the LLM as they are; a `batch` query is taken up when no others wait. Raises RefusedError
        for what need not be sent, UnansweredError when nothing came in `timeout_s` (None: a little over the query's
        own deadline).
        """
        query = to_query(question, self._tenant, preferences, parameters)
        topic = QUERIES_BATCH.name if batch else QUERIES.name
        async for event in self._send(query, topic, timeout_s, stream=False):
            if isinstance(event, Response):
                return event
        raise AssertionError("a query's events end with its response")

    async def stream(
        self,
        question: Question,
        *,
        preferences: Preferences | None = None,
        parameters: Mapping[str, JsonValue] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[Event]:
        """The answer as it grows: Text, Restart where another attempt begins from nothing, the Response last."""
        query = to_query(question, self._tenant, preferences, parameters)
        async for event in self._send(query, QUERIES.name, timeout_s, stream=True):
            yield event

    async def ask_many(
        self,
        questions: Iterable[Question],
        *,
        preferences: Preferences | None = None,
        parameters: Mapping[str, JsonValue] | None = None,
        at_once: int = 64,
    ) -> AsyncIterator[Response]:
        """Responses in the order asked, at most `at_once` queries under way; raises as `ask` does."""
        asked: deque[asyncio.Task[Response]] = deque()
        try:
            for question in questions:
                if len(asked) == at_once:
                    yield await asked.popleft()
                call = self.ask(question, preferences=preferences, parameters=parameters)
                asked.append(asyncio.create_task(call))
            while asked:
                yield await asked.popleft()
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def feedback(
        self,
        query_id: str,
        *,
        satisfied: bool | None = None,
        quality: float | None = None,
        withdrawn: bool = False,
        source: str | None = None,
    ) -> None:
        """Say one thing of an answer: satisfied or not, its quality in [0, 1], or withdraw what was said."""
        try:
            said = Feedback(
                query_id=query_id,
                tenant=self._tenant,
                satisfied=satisfied,
                quality=quality,
                withdrawn=True if withdrawn else None,
                source=source,
            )
        except ValidationError as error:
            raise RefusedError("invalid", f"expected feedback, {describe(error)}") from error
        await self._producer([Outgoing(FEEDBACK.name, said.encode(), key=query_id.encode())])

    async def explain(self, query_id: str) -> "Explanation":
        """Everything the routing log knows of a query; its rows follow the response by a second or so.

        Raises ConfigurationError when the client was given no Postgres.
        """
        if self._postgres is None:
            raise ConfigurationError("explain reads Postgres: give the client `postgres`, or make it by Client.find()")
        if self._history is None:
            from pointsman.client.history import History

            self._history = History(self._postgres, self._tenant)
            self._closing.push_async_callback(self._history.close)
        return await self._history.explain(query_id)

    async def _send(self, query: Query, topic: str, timeout_s: float | None, *, stream: bool) -> AsyncIterator[Event]:
        query = as_sent(query, self._reply_partition, stream=stream)
        value = to_bytes(query)
        limit_s = patience_s(query) if timeout_s is None else timeout_s
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit_s
        with self._inbox.expect(query) as pending:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._produce(topic, value, pending)
                while True:
                    async with asyncio.timeout_at(deadline):
                        event = await pending.events.get()
                    yield event
                    if isinstance(event, Response):
                        return
            except TimeoutError as error:
                raise UnansweredError(query.query_id, _what_is_known(query, pending, limit_s)) from error

    async def _produce(self, topic: str, value: bytes, pending: Pending) -> None:
        """Hand it to the broker, again and again while that is away: one identity has one outcome."""
        while True:
            try:
                [acknowledged] = await self._producer([Outgoing(topic, value)])
                break
            except TransientError as error:
                log.warning("The query is sent again", error=str(error))
                await asyncio.sleep(_RETRY_S)
        pending.acknowledge(origin_of(*acknowledged.position))


def _what_is_known(query: Query, pending: Pending, limit_s: float) -> str:
    if pending.origin is None:
        return f"query {query.query_id} was not acknowledged by the broker in {limit_s:g} s; is the broker up?"
    return (
        f"no response to query {query.query_id} in {limit_s:g} s; the broker has it (record {pending.origin}) and may "
        f"still answer it: see `pointsman explain {query.query_id}`, or ask again with the same id"
    )
