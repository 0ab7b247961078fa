"""Embeddings in, one LLM's predictions out."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from shared import logs, topics
from shared.errors import PermanentError
from shared.head import Forecasts, Head
from shared.messages import Embedding, Llm, Prediction, TokenForecast, unpack_vector
from shared.metrics import Metrics
from shared.packed import inputs_of
from shared.prior import prior
from shared.stream.headers import passed_on
from shared.stream.records import Outgoing, Record

log = logs.get(__name__)

#: Decisions were taken without these long ago.
_STALE_S = 600


@dataclass(frozen=True, slots=True)
class Read:
    """A decoded record: the embedding, and its arrays; a shared.packed.Packed."""

    embedding: Embedding
    vector: bytes
    features: bytes | None
    neighbours: bytes | None

    @property
    def prompt_tokens(self) -> int:
        return self.embedding.prompt_tokens

    @property
    def alike(self) -> tuple[str, int | None, int | None]:
        """Embeddings that have this in common go through a head together."""
        return self.embedding.encoder, _length(self.features), _length(self.neighbours)


Known = tuple[Record, Read]


def read_embedding(record: Record) -> Read:
    """Raises PermanentError when the bytes are not an embedding of finite numbers."""
    embedding = Embedding.decode(record.value)
    vector = unpack_vector(embedding.vector)
    if not vector or not np.isfinite(np.frombuffer(vector, "<f4")).all():
        raise PermanentError(f"expected a vector of finite numbers for query {embedding.origin}; embed it again")
    return Read(embedding, vector, _unpacked(embedding.features), _unpacked(embedding.neighbours))


@dataclass(frozen=True, slots=True)
class PredictHandler:
    """Predicts in `thread`; without a head for what an embedding holds it serves the registry prior, marked."""

    llm: Llm
    #: The head that reads an encoder's embeddings.
    head: Callable[[str], Awaitable[Head | None]]
    thread: Executor
    #: Broker time, seconds since the epoch.
    now: Callable[[], float]
    metrics: Metrics

    async def handle(self, batch: Sequence[Known]) -> Sequence[Outgoing]:
        """Raises PermanentError when a vector does not have the head's dimensions."""
        oldest = self.now() - _STALE_S
        fresh = [known for known in batch if known[0].appended_at >= oldest]
        self.metrics.skipped_embeddings.labels(self.llm.name).inc(len(batch) - len(fresh))
        groups: dict[tuple[str, int | None, int | None], list[Known]] = defaultdict(list)
        for known in fresh:
            groups[known[1].alike].append(known)
        outgoing: list[Outgoing] = []
        for (encoder, *_), group in groups.items():
            predictions = await self._predict(await self.head(encoder), [read for _, read in group])
            outgoing += [_outgoing(record, made) for (record, _), made in zip(group, predictions, strict=True)]
        return outgoing

    async def _predict(self, head: Head | None, group: list[Read]) -> list[Prediction]:
        if head is None:
            return self._priors(group)
        for read in group:
            if len(read.vector) // 4 != head.dimensions:
                raise PermanentError(
                    f"expected a vector of {head.dimensions} numbers for query {read.embedding.origin}, "
                    f"got {len(read.vector) // 4}"
                )
        inputs = inputs_of(group)
        lacking = head.lacks(inputs)
        if lacking is not None:
            log.warning("served the prior, as the embedder is older than the head", head=head.version, lacking=lacking)
            return self._priors(group)
        made = await asyncio.get_running_loop().run_in_executor(self.thread, head.predict, inputs)
        return [self._prediction(read.embedding, head, made, row) for row, read in enumerate(group)]

    def _priors(self, group: list[Read]) -> list[Prediction]:
        self.metrics.prior_predictions.labels(self.llm.name).inc(len(group))
        return [prior(self.llm, read.embedding.origin, read.embedding.accepted_at) for read in group]

    def _prediction(self, embedding: Embedding, head: Head, made: Forecasts, row: int) -> Prediction:
        return Prediction(
            origin=embedding.origin,
            accepted_at=embedding.accepted_at,
            llm=self.llm.name,
            quality=float(made.quality[row]),
            response_tokens=TokenForecast(
                mean=float(made.tokens_mean[row]),
                p10=float(made.tokens_p10[row]),
                p90=float(made.tokens_p90[row]),
            ),
            # Rounding can put it just below 0.
            uncertainty=max(0.0, float(made.uncertainty[row])),
            head=head.version,
        )


def _unpacked(packed: str | None) -> bytes | None:
    return None if packed is None else unpack_vector(packed)


def _length(array: bytes | None) -> int | None:
    return None if array is None else len(array)


def _outgoing(record: Record, prediction: Prediction) -> Outgoing:
    log.debug("predicted a query", origin=prediction.origin, quality=round(prediction.quality, 4), head=prediction.head)
    return Outgoing(topics.PREDICTIONS.name, prediction.encode(), record.position.partition, headers=passed_on(record))
