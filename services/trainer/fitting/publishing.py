"""From fitted heads to registered model versions: files, cards, promotions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version as version_of
from math import isfinite

from pydantic import BaseModel, ConfigDict, JsonValue

from services.trainer.fitting.heads import FittedHead, Judged
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.registry import Status, add_model, promote
from shared.errors import PermanentError
from shared.head import EMBEDDING, OUTPUTS, PROMPT_TOKENS
from shared.inference import Session
from shared.messages import Model, PolicyParameters


class Judgement(BaseModel):
    """How the chosen estimator did on the held-out rows; see services.trainer.fitting.heads.Judged."""

    model_config = ConfigDict(frozen=True)

    kind: str
    rows: int
    squared_error: float
    constant_squared_error: float
    least_gain: float
    tried: dict[str, float]


class HeadCard(BaseModel):
    """What is known of a head; stored beside its file and in the registry."""

    model_config = ConfigDict(frozen=True)

    version: str
    llm: str
    #: Encoder version whose vectors it reads.
    encoder: str
    shapes: dict[str, tuple[int | None, ...]]
    #: All rows it was fitted to in the end; it was judged when fitted without the held-out ones.
    training_rows: int
    quality: Judgement
    length: Judgement
    #: Largest difference between the file and the estimators it was made from.
    parity: float
    seed: int
    made_by: dict[str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored head, and why it must not be served, if so."""

    model: Model
    card: HeadCard
    rejected: str | None


def store_head(
    llm: str, encoder: str, head: FittedHead, graph: bytes, parity: float, seed: int, artifacts: Artifacts
) -> Candidate:
    """Write a head's file and card."""
    kinds = f"{head.judged_quality.kind}+{head.judged_length.kind}"
    session = Session(graph)
    card = HeadCard(
        version=f"{kinds}-{sha256(graph).hexdigest()[:8]}",
        llm=llm,
        encoder=encoder,
        shapes={name: (session.inputs | session.outputs)[name] for name in (EMBEDDING, PROMPT_TOKENS, *OUTPUTS)},
        training_rows=head.rows,
        quality=_judgement(head.judged_quality),
        length=_judgement(head.judged_length),
        parity=parity,
        seed=seed,
        made_by={package: version_of(package) for package in ("numpy", "onnx", "scikit-learn", "skl2onnx")},
    )
    stored = artifacts.put(graph, card.model_dump(mode="json"))
    model = Model(kind="head", llm=llm, version=card.version, encoder=encoder, sha256=stored.sha256, url=stored.url)
    return Candidate(model, card, head.rejected())


async def register(database: Database, candidate: Candidate) -> Model | None:
    """Enter a head into the registry and make it live, unless it was rejected; the live model, if it is."""
    status: Status = "candidate" if candidate.rejected is None else "rejected"
    card = candidate.card.model_dump(mode="json")
    async with database.session() as session:
        await add_model(session, candidate.model, card, status, candidate.rejected)
        live = None
        if candidate.rejected is None:
            live = await promote(session, "head", candidate.model.llm, candidate.model.version)
        await session.commit()
    return live


async def register_policy(database: Database, reference: str, costs_usd: Sequence[float]) -> Model:
    """Make a policy live whose cost scale is 1 / mean cost of the reference LLM (method 1.7).

    Raises PermanentError when none of its costs is known.
    """
    known = [cost for cost in costs_usd if isfinite(cost)]
    mean = sum(known) / len(known) if known else 0.0
    if mean <= 0:
        raise PermanentError(f"expected costs of the reference LLM {reference} in the data, there are none above 0")
    policy = PolicyParameters(cost_scale_per_usd=1 / mean)
    digest = sha256(json.dumps(policy.model_dump(), sort_keys=True).encode()).hexdigest()
    model = Model(kind="policy", version=f"mixllm-{digest[:8]}", policy=policy)
    card: dict[str, JsonValue] = {"reference": reference, "reference_cost_usd": mean, "rows": len(known)}
    async with database.session() as session:
        await add_model(session, model, card, "candidate")
        live = await promote(session, "policy", None, model.version)
        await session.commit()
    return live


def _judgement(judged: Judged) -> Judgement:
    return Judgement(
        kind=judged.kind,
        rows=judged.rows,
        squared_error=judged.error,
        constant_squared_error=judged.constant_error,
        least_gain=judged.least_gain,
        tried=dict(judged.tried),
    )
