"""The live encoder with its atlas: learned from topic `models`, loaded off the loop, swapped between two batches."""

import asyncio
from collections.abc import Awaitable, Callable

from shared import logs
from shared.encoder import Encoder
from shared.errors import ArtifactError
from shared.messages import Model
from shared.metrics import Metrics
from shared.stream.records import Record

log = logs.get(__name__)

_GRACE_S = 3.0


class Encoders:
    """Keeps the encoder with the highest revision that could be loaded.

    One with an atlas was promoted with heads that read no other's embeddings. They were announced before it, and
    predictors get 3 s to load them: else queries would be decided by priors until they have.
    """

    def __init__(
        self,
        load: Callable[[Model], Encoder],
        metrics: Metrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._load = load
        self._sleep = sleep
        self._metrics = metrics
        metrics.refused_models.labels("encoder")
        self._wanted: Model | None = None
        self._tried: Model | None = None
        self.live: Encoder | None = None
        self.ready = asyncio.Event()

    def receive(self, record: Record) -> None:
        """Take note of a record of `models`; refresh() acts on it."""
        if not record.value:
            return
        model = Model.decode(record.value)
        if model.kind == "encoder" and (self._wanted is None or model.revision >= self._wanted.revision):
            self._wanted = model

    async def refresh(self) -> None:
        """Load the wanted encoder if it is another; one that cannot be loaded is refused once, and the old one stays.

        Raises TransientError when the store is away.
        """
        wanted = self._wanted
        if wanted is None or wanted == self._tried:
            return
        try:
            loaded = await asyncio.to_thread(self._load, wanted)
        except ArtifactError as error:
            self._metrics.refused_models.labels("encoder").inc()
            log.error("refused an encoder and kept the old one", version=wanted.version, reason=str(error))
        else:
            if self.live is not None and wanted.atlas_sha256 is not None:
                await self._sleep(_GRACE_S)
            self.live = loaded
            self.ready.set()
            self._metrics.encoder_info.clear()
            self._metrics.encoder_info.labels(wanted.version).set(1)
            log.info("swapped the encoder", version=wanted.version, sha256=wanted.sha256)
        self._tried = wanted
