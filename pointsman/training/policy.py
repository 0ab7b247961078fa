"""The policy that goes with recorded answers: how quality and cost are weighed against each other."""

import json
from collections.abc import Sequence
from hashlib import sha256
from math import isfinite

from pydantic import JsonValue

from shared.database.engine import Database
from shared.database.registry import add_model, promote
from shared.errors import PermanentError
from shared.messages import Model, PolicyParameters


async def register_policy(database: Database, reference: str, costs_usd: Sequence[float]) -> Model:
    """Make a policy live whose cost scale is 1 / mean cost of the reference LLM (method 1.7).

    Raises PermanentError when none of its costs is known.
    """
    policy = scaled_policy(reference, costs_usd)
    digest = sha256(json.dumps(policy.model_dump(), sort_keys=True).encode()).hexdigest()
    model = Model(kind="policy", version=f"mixllm-{digest[:8]}", policy=policy)
    card: dict[str, JsonValue] = {
        "reference": reference,
        "reference_cost_usd": 1 / policy.cost_scale_per_usd,
        "rows": sum(map(isfinite, costs_usd)),
    }
    async with database.session() as session:
        await add_model(session, model, card, "candidate")
        live = await promote(session, "policy", None, model.version)
        await session.commit()
    return live


def scaled_policy(reference: str, costs_usd: Sequence[float]) -> PolicyParameters:
    """The default policy, its cost scale 1 / mean of the known costs; raises PermanentError when there are none."""
    known = [cost for cost in costs_usd if isfinite(cost)]
    mean = sum(known) / len(known) if known else 0.0
    if mean <= 0:
        raise PermanentError(f"expected costs of the reference LLM {reference} in the data, there are none above 0")
    return PolicyParameters(cost_scale_per_usd=1 / mean)
