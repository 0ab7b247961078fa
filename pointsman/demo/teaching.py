"""Fits heads to the demo's lessons and returns when the fleet predicts with them."""

import asyncio
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from time import time

from pointsman.client import Client
from pointsman.command.announcing import announce
from pointsman.demo.material import Lessons
from pointsman.local.state import Endpoints
from pointsman.training.config import TrainConfig
from pointsman.training.progress import Progress
from pointsman.training.training import Workplace, train_heads
from services.trainer.fitting.basis import HeadConfig
from services.trainer.fitting.estimators.trees import TreesConfig
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.registry import add_model
from shared.errors import PointsmanError, TransientError
from shared.messages import Model, PolicyParameters, Preferences, Receipt
from shared.stream.snapshot import snapshot
from shared.topics import DECISIONS

#: Fewer kinds and trees than `pointsman train` takes: the heads are fitted in seconds.
_QUICK = HeadConfig(quality=("extra", "ridge"), trees=TreesConfig(count=40), length_trees=20)
_PATIENCE_S = 90.0
_POLL_S = 1.0
_UNPAYABLE_USD = 1e-12


async def teach(
    lessons: Lessons | None, policy: PolicyParameters, fleet: Endpoints, folder: Path, progress: Progress
) -> list[Model]:
    """The models that are live and announced now: heads that beat the constant, and the policy last.

    Without lessons only the policy: the LLMs compete with their priors.
    """
    place = Workplace(Artifacts(fleet.artifacts), Database(fleet.postgres), folder / "vectors")
    stopping = threading.Event()

    def tell(stage: str, done: int, total: int) -> None:
        if stopping.is_set():
            raise PointsmanError("the demo was stopped")
        progress(stage, done, total)

    try:
        live: list[Model] = []
        if lessons is not None:
            trained = await train_heads(lessons.recorded, lessons.reference, place, TrainConfig(heads=_QUICK), tell)
            live = trained.live
        live = await _with_policy(live, policy, place.database)
    finally:
        # Work in threads is not cancelled with this task.
        stopping.set()
        await place.database.close()
    if not await announce(live, fleet.kafka):
        raise TransientError("Kafka does not answer: the models were not announced; run the demo again")
    return live


async def until_predicting(client: Client, kafka: str, models: Sequence[Model], llms: frozenset[str]) -> None:
    """Return when decisions are taken with these models, as far as they are of these LLMs.

    Raises TransientError when that takes too long. Nobody may answer what this asks, as it may not cost anything: its
    receipts still tell what predicted.
    """
    heads = {model.llm: model.version for model in models if model.kind == "head" and model.llm in llms}
    policy = next(model.version for model in models if model.kind == "policy")
    deadline = time() + _PATIENCE_S
    while True:
        receipt = await _probe(client, kafka)
        if receipt is not None and receipt.policy == policy and heads.items() <= _heads(receipt).items():
            return
        if time() > deadline:
            raise TransientError(f"the fleet does not predict with its new models after {_PATIENCE_S:.0f} s")
        await asyncio.sleep(_POLL_S)


async def _probe(client: Client, kafka: str) -> Receipt | None:
    asked_at = time()
    refused = await client.ask("ready?", preferences=Preferences(max_cost_usd=_UNPAYABLE_USD, explore=False))
    receipts = [Receipt.decode(one.value) for one in await snapshot(kafka, DECISIONS.name, since=asked_at - 1)]
    return next((one for one in receipts if one.query_id == refused.query_id), None)


def _heads(receipt: Receipt) -> dict[str | None, str | None]:
    return {candidate.llm: candidate.head for candidate in receipt.candidates}


async def _with_policy(live: Sequence[Model], wanted: PolicyParameters, database: Database) -> list[Model]:
    """The models with the demo's policy in place of theirs, which set the scale of costs."""
    theirs = next((model.policy for model in live if model.policy is not None), wanted)
    parameters = wanted.model_copy(update={"cost_scale_per_usd": theirs.cost_scale_per_usd})
    digest = sha256(parameters.model_dump_json().encode()).hexdigest()[:8]
    policy = Model(kind="policy", version=f"demo-{digest}", policy=parameters)
    async with database.session() as session:
        policy = await add_model(session, policy, {}, "live")
        await session.commit()
    return [*(model for model in live if model.kind != "policy"), policy]
