"""The policy that goes with recorded answers: how quality and cost are weighed against each other."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isfinite

from shared.artifacts import Card
from shared.errors import PermanentError
from shared.messages import Model, PolicyParameters


def policy_of(reference: str, costs_usd: Sequence[float], usual_quality: Mapping[str, float]) -> tuple[Model, Card]:
    """The policy scaled to the costs of the reference LLM, and its card; raises PermanentError like scaled_policy.

    `usual_quality` is each LLM's mean on the training queries.
    """
    policy = scaled_policy(reference, costs_usd).model_copy(update={"usual_quality": dict(usual_quality)})
    digest = sha256(json.dumps(policy.model_dump(), sort_keys=True).encode()).hexdigest()
    card: Card = {
        "reference": reference,
        "reference_cost_usd": 1 / policy.cost_scale_per_usd,
        "rows": sum(map(isfinite, costs_usd)),
    }
    return Model(kind="policy", version=f"mixllm-{digest[:8]}", policy=policy), card


def scaled_policy(reference: str, costs_usd: Sequence[float]) -> PolicyParameters:
    """The default policy, its cost scale 1 / mean of the known costs (method 1.7).

    Raises PermanentError when none of them is known, or all are 0.
    """
    known = [cost for cost in costs_usd if isfinite(cost)]
    mean = sum(known) / len(known) if known else 0.0
    if mean <= 0:
        raise PermanentError(f"expected costs of the reference LLM {reference} in the data, there are none above 0")
    return PolicyParameters(cost_scale_per_usd=1 / mean)
