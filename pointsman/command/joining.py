"""How an LLM joins a running fleet: checked, registered, its worker started, its announcement awaited."""

import asyncio
from pathlib import Path
from time import time

from pydantic import ValidationError

from pointsman.local import descriptors
from pointsman.local.state import Endpoints
from services.predictor.descriptor import complete, probe
from services.predictor.settings import PredictorSettings
from shared.database import registry
from shared.database.engine import Database
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.messages import ExecutorCapacity, Llm, decode_capacity
from shared.settings import fault
from shared.stream.snapshot import snapshot
from shared.topics import CAPACITY, LLMS

_POLL_S = 0.5
#: Executors announce each second.
_RECENT_S = 10.0


async def add_llm(fleet: Endpoints, file: Path, folder: Path | None) -> Llm:
    """The LLM as it is registered now; its descriptor lies in `folder`, where the fleet starts a worker for it.

    Raises ConfigurationError naming the variable that is wrong, or that nothing answers at its address.
    """
    settings = settings_of(file)
    llm = complete(settings)
    if settings.llm_probe:
        await probe(llm.base_url)
    async with Database(fleet.postgres) as database, database.session() as session:
        registered = await registry.add_llm(session, llm)
        await session.commit()
    if folder is not None:
        descriptors.put(file, folder, llm.name)
    return registered


def settings_of(file: Path) -> PredictorSettings:
    """The descriptor as its worker will read it, of the file alone; raises ConfigurationError naming the variable."""
    if not file.is_file():
        raise ConfigurationError(f"{file}: expected an LLM's descriptor, there is no such file")
    values = {name.removeprefix("POINTSMAN_").lower(): value for name, value in descriptors.read(file).items()}
    try:
        return PredictorSettings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {fault(error)}") from error


async def await_llm(fleet: Endpoints, llm: Llm, timeout_s: float, logs: Path) -> None:
    """Return when the LLM takes queries; raises TransientError naming what is still missing."""
    steps = (_announced, "its predictor worker has not announced it"), (_served, "no executor takes calls for it")
    missing = ""
    try:
        async with asyncio.timeout(timeout_s):
            for done, missing in steps:  # noqa: B007
                while not await done(fleet.kafka, llm):  # noqa: ASYNC110 - other processes do it
                    await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise TransientError(f"{llm.name} is not ready after {timeout_s:g} s: {missing}; see {logs}") from error


async def _announced(kafka: str, llm: Llm) -> bool:
    known = [Llm.decode(record.value) for record in await snapshot(kafka, LLMS.name)]
    return any(one.name == llm.name and one.revision >= llm.revision and not one.removed for one in known)


async def _served(kafka: str, llm: Llm) -> bool:
    recent = await snapshot(kafka, CAPACITY.name, since=time() - _RECENT_S)
    return any(_serves(record.value, llm) for record in recent)


def _serves(value: bytes, llm: Llm) -> bool:
    try:
        capacity = decode_capacity(value)
    except PermanentError:
        return False
    return isinstance(capacity, ExecutorCapacity) and capacity.llm == llm.name and bool(capacity.partitions)
