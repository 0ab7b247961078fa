"""Enters the worker's LLM into the registry."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from services.predictor.settings import PredictorSettings
from shared.errors import ConfigurationError
from shared.messages import Llm


async def register(settings: PredictorSettings) -> Llm:
    """The LLM as it is registered now.

    Runs in a process that then ends: the database driver and the price list take more memory than all a predictor
    keeps. Raises ConfigurationError naming the variable that is wrong, or when the LLM was removed; TransientError when
    Postgres is away.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as child:
        return await asyncio.get_running_loop().run_in_executor(child, _registered, settings)


def _registered(settings: PredictorSettings) -> Llm:
    return asyncio.run(_register(settings))


async def _register(settings: PredictorSettings) -> Llm:
    from services.predictor.descriptor import complete, probe
    from shared.database.engine import Database
    from shared.database.registry import llms, register_llm

    llm = complete(settings)
    where = (settings.postgres, settings.postgres_password_file, settings.postgres_statement_s)
    async with Database(*where) as database, database.session() as session:
        before = {one.name: one for one in await llms(session) if not one.removed}.get(llm.name)
        # A worker that comes back must not stay away because its endpoint does: the executor waits for that.
        if settings.llm_probe and (before is None or before.base_url != llm.base_url):
            await probe(llm.base_url)
        registered = await register_llm(session, llm)
        await session.commit()
    if registered.removed:
        raise ConfigurationError(
            f"POINTSMAN_LLM_NAME: {llm.name} was removed and stays removed; to have it back: pointsman llms add FILE"
        )
    return registered
