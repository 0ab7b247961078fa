"""Queries in, accepted queries and their embeddings out."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from shared import logs, topics
from shared.encoder import Encoded, Encoder, Text
from shared.errors import TransientError
from shared.messages import Accepted, Embedding, Query, pack_vector
from shared.metrics import Metrics
from shared.packed import pack_neighbours
from shared.stream.headers import passed_on
from shared.stream.records import Outgoing, Record

log = logs.get(__name__)

#: A decoded record: what it asks, and what to embed of it.
Asked = tuple[Query, Text]


@dataclass(frozen=True, slots=True)
class EmbedHandler:
    """Embeds batches in `thread`, one at a time, with whichever encoder is live when a batch begins."""

    encoder: Callable[[], Encoder | None]
    thread: Executor
    token_budget: int
    home_partitions: int
    metrics: Metrics

    async def handle(self, batch: Sequence[tuple[Record, Asked]]) -> Sequence[Outgoing]:
        """Raises TransientError while no encoder is live."""
        encoder = self.encoder()
        if encoder is None:
            raise TransientError("no encoder is live; export one: python -m services.embedder.export")
        texts = [text for _, (_, text) in batch]
        loop = asyncio.get_running_loop()
        encoded = await loop.run_in_executor(self.thread, encoder.encode, texts, self.token_budget)
        outgoing: list[Outgoing] = []
        for (record, (query, _)), result in zip(batch, encoded, strict=True):
            outgoing += self._accept(record, query, result, encoder.model.version)
        return outgoing

    def _accept(self, record: Record, query: Query, result: Encoded, version: str) -> list[Outgoing]:
        batch = record.position.topic == topics.QUERIES_BATCH.name
        origin, place = topics.origin_of(*record.position), result.place
        embedding = Embedding(
            origin=origin,
            accepted_at=record.appended_at,
            vector=pack_vector(result.vector.astype("<f4").tobytes()),
            encoder=version,
            prompt_tokens=result.prompt_tokens,
            features=pack_vector(result.features.astype("<f4").tobytes()),
            neighbours=None if place is None else pack_vector(pack_neighbours(place.neighbours, place.similarities)),
        )
        accepted = Accepted(
            query=query,
            batch=batch,
            domain=None if place is None else place.domain,
            distance=None if place is None else place.distance,
            **embedding.model_dump(),
        )
        self.metrics.embedded_tokens.inc(result.read_tokens)
        self.metrics.padded_tokens.inc(result.padded_tokens)
        log.debug("embedded a query", query_id=query.query_id, origin=origin, prompt_tokens=result.prompt_tokens)
        headers = passed_on(record)
        home = topics.home(origin, self.home_partitions)
        return [
            Outgoing(topics.EMBEDDINGS.name, embedding.encode(), home, headers=headers),
            Outgoing(topics.ACCEPTED.name, accepted.encode(), home, headers=headers),
        ]
