"""One run of the demo in a fleet of its own, from its first process to the story it tells."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import time

from pointsman.client import Client
from pointsman.demo.compose import Run, compose
from pointsman.demo.material import Material
from pointsman.demo.queues import watch
from pointsman.demo.receipts import first_receipts
from pointsman.demo.record import Record
from pointsman.demo.script import Script
from pointsman.demo.stage import Stage
from pointsman.demo.story import Story
from pointsman.demo.teaching import teach, until_predicting
from pointsman.local.foreground import until_told
from pointsman.local.state import State, find
from shared.messages import Llm
from shared.stream.snapshot import snapshot
from shared.topics import LLMS


def perform(material: Material, stage: Stage, tell_it: Callable[[Story], None], *, keep: bool) -> bool:
    """Run the demo's own fleet and the play in it; whether it came to its end, and was not stopped before.

    `tell_it` has the story while the fleet still runs; with `keep` that goes on until somebody ends it.
    """
    told = False

    async def meanwhile() -> None:
        nonlocal told
        story = await play(material, stage)
        await asyncio.to_thread(tell_it, story)
        told = True
        if keep:
            await asyncio.Event().wait()

    asyncio.run(until_told(material.fleet, stage.say, meanwhile))
    return told


async def play(material: Material, stage: Stage) -> Story:
    """Teach a ready fleet, send it the queries, and gather what came of them."""
    state = State(material.fleet.state)
    fleet = find(state.folder)
    models = await teach(material.lessons, material.policy, fleet, state.folder, stage.show)
    async with Client(fleet.kafka) as client:
        stage.say("Waiting until the fleet predicts with them")
        names = frozenset(llm.name for llm in await _llms(fleet.kafka))
        await until_predicting(client, fleet.kafka, models, names)
        started_at = time()
        record = await _acted(Script(material, client, fleet, state, stage), fleet.health["decision"])
    stage.say("Adding up")
    receipts = await first_receipts(fleet.kafka, record.sent)
    return compose(material, Run(started_at, record, receipts, await _llms(fleet.kafka), models))


async def _acted(script: Script, decision: str) -> Record:
    """The play to its end, its queues watched."""
    watching = asyncio.create_task(watch(decision, script.now_s, script.record.queues.append))
    try:
        return await script.play()
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _llms(kafka: str) -> list[Llm]:
    """Who is there now, in the order of their joining."""
    newest = {llm.name: llm for llm in (Llm.decode(one.value) for one in await snapshot(kafka, LLMS.name))}
    return [llm for llm in newest.values() if not llm.removed]
