"""Embeddings in, one LLM's predictions out."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from shared import logs, topics
from shared.errors import PermanentError
from shared.head import Head, Inputs
from shared.inference import Floats
from shared.messages import Embedding, Llm, Prediction, TokenForecast, unpack_vector
from shared.metrics import Metrics
from shared.prior import prior
from shared.stream.headers import passed_on
from shared.stream.records import Outgoing, Record

log = logs.get(__name__)

#: Decisions were taken without these long ago.
_STALE_S = 600

#: A decoded record: the embedding, and its vector (d,).
Read = tuple[Embedding, Floats]
Known = tuple[Record, Read]


def read_embedding(record: Record) -> Read:
    """Raises PermanentError when the bytes are not an embedding of finite numbers."""
    embedding = Embedding.decode(record.value)
    vector = np.frombuffer(unpack_vector(embedding.vector), "<f4")
    if not len(vector) or not np.isfinite(vector).all():
        raise PermanentError(f"expected a vector of finite numbers for query {embedding.origin}; embed it again")
    return embedding, vector


@dataclass(frozen=True, slots=True)
class PredictHandler:
    """Predicts in `thread`; without a head for an embedding's encoder it serves the registry prior, marked."""

    llm: Llm
    head: Callable[[str], Head | None]
    thread: Executor
    #: Broker time, seconds since the epoch.
    now: Callable[[], float]
    metrics: Metrics

    async def handle(self, batch: Sequence[Known]) -> Sequence[Outgoing]:
        """Raises PermanentError when a vector does not have the head's dimensions."""
        oldest = self.now() - _STALE_S
        fresh = [known for known in batch if known[0].appended_at >= oldest]
        self.metrics.skipped_embeddings.labels(self.llm.name).inc(len(batch) - len(fresh))
        of_encoder: dict[str, list[Known]] = defaultdict(list)
        for known in fresh:
            of_encoder[known[1][0].encoder].append(known)
        outgoing: list[Outgoing] = []
        for encoder, group in of_encoder.items():
            predictions = await self._predict(self.head(encoder), [read for _, read in group])
            outgoing += [_outgoing(record, made) for (record, _), made in zip(group, predictions, strict=True)]
        return outgoing

    async def _predict(self, head: Head | None, group: list[Read]) -> list[Prediction]:
        if head is None:
            self.metrics.prior_predictions.labels(self.llm.name).inc(len(group))
            return [prior(self.llm, embedding.origin, embedding.accepted_at) for embedding, _ in group]
        for embedding, vector in group:
            if len(vector) != head.dimensions:
                raise PermanentError(
                    f"expected a vector of {head.dimensions} numbers for query {embedding.origin}, got {len(vector)}"
                )
        vectors = np.stack([vector for _, vector in group])
        prompt_tokens = np.array([embedding.prompt_tokens for embedding, _ in group], np.float32)
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(self.thread, head.predict, Inputs(vectors, prompt_tokens))
        return [
            Prediction(
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
            for row, (embedding, _) in enumerate(group)
        ]


def _outgoing(record: Record, prediction: Prediction) -> Outgoing:
    log.info("predicted a query", origin=prediction.origin, quality=round(prediction.quality, 4), head=prediction.head)
    return Outgoing(topics.PREDICTIONS.name, prediction.encode(), record.position.partition, headers=passed_on(record))
