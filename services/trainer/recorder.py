"""The recorder: a Faust app that hands records over in batches and acknowledges them once they are durable.

Faust's own acknowledgements lose what sits in its buffers when it is stopped, and an agent that raises skips the
record, so the agent does neither: it takes what is ready, waits until that is written, and acknowledges each event.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import faust
from faust.types import EventT, StreamT

from services.trainer.handler import TOPICS
from shared.errors import TransientError
from shared.logs import get
from shared.metrics import Metrics
from shared.stream.lane import LaneSettings
from shared.stream.records import Position, Record

#: Makes records durable; raises only what neither waiting nor a dead letter can mend.
Write = Callable[[Sequence[Record]], Awaitable[None]]
_log = get(__name__)
_STOP_TIMEOUT_S = 10.0
_EXPORT_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Batch:
    """Records on their way from the agent to the writer."""

    records: list[Record]
    written: asyncio.Event = field(default_factory=asyncio.Event)


class Recorder:
    """A lane: runs the app until stopped; the writing happens here, outside of Faust, so that errors end the lane."""

    def __init__(
        self, settings: LaneSettings, write: Write, metrics: Metrics, *, max_records: int, every_s: float
    ) -> None:
        self._settings = settings
        self._write = write
        self._metrics = metrics
        self._max_records = max_records
        self._every_s = every_s
        self._batches: asyncio.Queue[_Batch] = asyncio.Queue()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._assigned = False
        #: None while it does not run.
        self._app_running: faust.App | None = None
        self._in_hand = 0
        self._progress_at = time.monotonic()

    @property
    def name(self) -> str:
        return self._settings.name

    async def run(self) -> None:
        """Record until stop(); raises what ended it otherwise."""
        with tempfile.TemporaryDirectory(prefix="pointsman-trainer-") as folder:
            app = self._app(Path(folder))
            try:
                await app.start()
                self._app_running = app
                await self._until_stopped(app)
            finally:
                self._app_running = None
                await self._close(app)
                self._ended.set()

    async def stop(self) -> None:
        """Stop reading, commit what is durable, leave the group."""
        self._stopping.set()
        await self._ended.wait()

    def ready(self) -> bool:
        return self._assigned

    def lag(self) -> int:
        return sum(self._lags().values())

    def progress_age_s(self) -> float:
        return time.monotonic() - self._progress_at if self._in_hand else 0.0

    def _lags(self) -> dict[str, int]:
        """Records behind by topic: from what is committed to the end as of the last fetch, at no request."""
        behind = dict.fromkeys(self._settings.topics, 0)
        if self._app_running is not None:
            consumer = self._app_running.consumer
            for place in consumer.assignment():
                end, committed = consumer.highwater(place), consumer._committed_offset[place]
                behind[place.topic] += max(0, (end or 0) - (committed or 0))
        return behind

    async def _export_lags(self) -> None:
        while True:
            for topic, behind in self._lags().items():
                self._metrics.lag.labels(topic).set(behind)
            await asyncio.sleep(_EXPORT_EVERY_S)

    async def _until_stopped(self, app: faust.App) -> None:
        """Write batches until told to stop, or until the app or the writer fails."""
        stopping = asyncio.create_task(self._stopping.wait())
        crashed = asyncio.create_task(app._crashed.wait())
        writing = asyncio.create_task(self._write_batches())
        telling = asyncio.create_task(self._export_lags())
        tasks = (stopping, crashed, writing, telling)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for endless in (writing, telling):
                if endless.done():
                    endless.result()
            if crashed.done():
                raise TransientError("the Faust app crashed") from app.crash_reason
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write_batches(self) -> None:
        while True:
            batch = await self._batches.get()
            self._in_hand = len(batch.records)
            self._progress_at = time.monotonic()
            await self._write(batch.records)
            self._in_hand = 0
            batch.written.set()

    async def _agent(self, stream: StreamT[bytes]) -> None:
        """Never raises and never yields: Faust would acknowledge what was not written."""
        manual = stream.noack()
        events: list[EventT] = []
        async for event in manual.events():
            events.append(event)
            if len(events) < self._max_records and not manual.channel.queue.empty():
                continue
            batch = _Batch([_record(one) for one in events])
            await self._batches.put(batch)
            await batch.written.wait()
            for one in events:
                await manual.ack(one)
            if len(events) < self._max_records:
                # What comes meanwhile makes one transaction: one per record would cost the fleet more than a query.
                await asyncio.sleep(self._every_s)
            events.clear()

    def _app(self, folder: Path) -> faust.App:
        settings = self._settings
        app = faust.App(
            settings.group,
            broker=[f"kafka://{server}" for server in settings.kafka.split(",")],
            broker_client_id=settings.instance,
            broker_session_timeout=10.0,
            broker_heartbeat_interval=3.0,
            broker_max_poll_interval=24 * 3600.0,
            broker_commit_interval=1.0,
            consumer_group_instance_id=settings.instance if settings.static else None,
            consumer_auto_offset_reset=settings.start,
            consumer_max_fetch_size=256 * 1024,
            # Waiting for the buffer to empty could take for ever; what is not acknowledged is read again.
            stream_wait_empty=False,
            stream_buffer_maxsize=2 * self._max_records,
            key_serializer="raw",
            value_serializer="raw",
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
            autodiscover=False,
            datadir=folder,
        )
        topic = app.topic(*(topic.name for topic in TOPICS), key_type=bytes, value_type=bytes)
        app.agent(topic, concurrency=1, name="record")(self._agent)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        return app

    async def _close(self, app: faust.App) -> None:
        """Stop the app. While the broker is away that can take for ever and cannot be cancelled, and an app that
        lingers would keep its partitions without reading them, so then the process ends: all it did is durable.
        """
        stopping = asyncio.create_task(app.stop())
        _, pending = await asyncio.wait((stopping,), timeout=_STOP_TIMEOUT_S)
        if pending:
            _log.error("the Faust app does not stop, ending the process")
            os._exit(0 if self._stopping.is_set() else 1)

    def _on_assigned(self, *_: object, **__: object) -> None:
        self._assigned = True


def _record(event: EventT) -> Record:
    message = event.message
    return Record(
        position=Position(message.topic, message.partition, message.offset),
        value=message.value or b"",
        appended_at=message.timestamp,
        key=message.key,
        headers=dict(message.headers or {}),
    )
