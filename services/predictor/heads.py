"""The heads of one LLM: learned from topic `models`, loaded off the loop, swapped between two batches."""

import asyncio
from collections.abc import Callable

from shared import logs
from shared.errors import ArtifactError
from shared.head import Head
from shared.messages import Model
from shared.metrics import Metrics
from shared.stream.records import Record

log = logs.get(__name__)


class Heads:
    """Keeps two heads, by encoder version: the live encoder's, and the one that served before.

    While a new encoder rolls out, queries that the old one embedded are still on their way.
    """

    def __init__(self, llm: str, load: Callable[[Model], Head], metrics: Metrics) -> None:
        self._llm = llm
        self._load = load
        self._metrics = metrics
        metrics.refused_models.labels("head")
        self._encoder: Model | None = None
        #: By encoder version, the one heard of last at the end.
        self._wanted: dict[str, Model] = {}
        self._tried: dict[str, Model] = {}
        self._loaded: dict[str, Head] = {}
        self._loading = asyncio.Lock()

    async def of(self, encoder: str) -> Head | None:
        """The head that reads this encoder's vectors, if there is one; a first one that was announced is waited for.

        Raises TransientError when the store is away.
        """
        if encoder not in self._loaded and encoder in self._wanted:
            await self.refresh()
        return self._loaded.get(encoder)

    def receive(self, record: Record) -> None:
        """Take note of a record of `models`; refresh() acts on it."""
        if not record.value:
            return
        model = Model.decode(record.value)
        if model.kind == "encoder":
            if self._encoder is None or model.revision >= self._encoder.revision:
                self._encoder = model
        elif model.kind == "head" and model.llm == self._llm and model.encoder is not None:
            known = self._wanted.get(model.encoder)
            if known is None or model.revision > known.revision:
                self._wanted.pop(model.encoder, None)
                self._wanted[model.encoder] = model

    async def refresh(self) -> None:
        """Load what is wanted and drop what no longer is; a head that cannot be loaded is refused, once.

        Raises TransientError when the store is away.
        """
        async with self._loading:
            kept = self._kept()
            for encoder in self._tried.keys() - kept:
                self._loaded.pop(encoder, None)
                self._tried.pop(encoder)
            for encoder in kept:
                if self._tried.get(encoder) != self._wanted[encoder]:
                    await self._swap(encoder, self._wanted[encoder])
            self._export()

    def _kept(self) -> list[str]:
        live = None if self._encoder is None else self._encoder.version
        others = [encoder for encoder in self._wanted if encoder != live]
        return others[-1:] + [encoder for encoder in self._wanted if encoder == live]

    def _export(self) -> None:
        self._metrics.head_info.clear()
        for head in self._loaded.values():
            self._metrics.head_info.labels(self._llm, head.version).set(1)

    async def _swap(self, encoder: str, model: Model) -> None:
        try:
            self._loaded[encoder] = await asyncio.to_thread(self._load, model)
        except ArtifactError as error:
            self._metrics.refused_models.labels("head").inc()
            log.error("refused a head and kept the old one", version=model.version, reason=str(error))
        else:
            log.info("swapped a head", version=model.version, encoder=encoder, sha256=model.sha256)
        self._tried[encoder] = model
