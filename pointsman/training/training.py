"""The whole of `pointsman train` but the command line: embed, split, fit, check, store, promote."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pointsman.training.config import TrainConfig
from pointsman.training.heads import fit_heads
from pointsman.training.policy import register_policy
from pointsman.training.recorded import Recorded
from pointsman.training.vectors import Embedded, embed
from services.trainer.fitting.card import Candidate
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.registry import enter_model, live_models
from shared.encoder import Encoder
from shared.errors import ConfigurationError
from shared.messages import Model


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where files, registry and the vectors of earlier runs are."""

    artifacts: Artifacts
    database: Database
    cache: Path


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run made; `live` are the models that are live now."""

    candidates: list[Candidate]
    live: list[Model]


class Progress(Protocol):
    """Told how far a stage is."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


async def train_heads(
    recorded: Recorded, reference: str, place: Workplace, config: TrainConfig, progress: Progress
) -> Trained:
    """Fit and register a head for every recorded LLM, and a policy scaled to the reference LLM's costs.

    Raises ConfigurationError when there is no live encoder, or too few rows of an LLM.
    """
    encoder = await _live_encoder(place.database)
    embedded = await asyncio.to_thread(_embed, recorded, encoder, place, progress)
    trained = Trained([], [])
    fitting = fit_heads(recorded, embedded, encoder.version, place.artifacts, config)
    total = len(recorded.answers)
    while (candidate := await asyncio.to_thread(next, fitting, None)) is not None:
        live = await _enter(place.database, candidate)
        trained.candidates.append(candidate)
        trained.live.extend([] if live is None else [live])
        progress("Fitting heads", len(trained.candidates), total)
    costs_usd = recorded.answers[reference].cost_usd.tolist()
    trained.live.append(await register_policy(place.database, reference, costs_usd))
    return trained


async def _enter(database: Database, candidate: Candidate) -> Model | None:
    async with database.session() as session:
        card = candidate.card.model_dump(mode="json")
        live = await enter_model(session, candidate.model, card, candidate.rejected)
        await session.commit()
    return live


async def _live_encoder(database: Database) -> Model:
    async with database.session() as session:
        found = [model for model in await live_models(session) if model.kind == "encoder"]
    if not found:
        raise ConfigurationError(
            "expected a live encoder in the registry, there is none; make one: python -m services.embedder.export"
        )
    return found[-1]


def _embed(recorded: Recorded, encoder: Model, place: Workplace, progress: Progress) -> Embedded:
    loaded = Encoder.load(encoder, place.artifacts, threads=os.cpu_count() or 1)
    total = len(recorded.prompts)
    return embed(recorded.prompts, loaded, place.cache, lambda done: progress("Embedding prompts", done, total))
