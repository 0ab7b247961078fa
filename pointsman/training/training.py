"""The whole of `pointsman train` but the command line: embed, chart, split, fit, check, store, promote."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.training.charting import Charted, chart_encoder
from pointsman.training.config import TrainConfig
from pointsman.training.encoding import Encoding, encode
from pointsman.training.heads import fit_heads
from pointsman.training.policy import policy_of
from pointsman.training.progress import Progress
from pointsman.training.recorded import Recorded
from pointsman.training.tuning.desk import Desk
from services.trainer.fitting.card import Candidate
from shared.artifacts import Artifacts, Card
from shared.database.engine import Database
from shared.database.registry import Status, add_model, enter_model, live_models
from shared.encoder import Encoder
from shared.errors import ConfigurationError
from shared.messages import Model

if TYPE_CHECKING:
    from services.embedder.export import Exported


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where files, registry and the vectors of earlier runs are."""

    artifacts: Artifacts
    database: Database
    cache: Path


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run made; `live` are the models that are live now, in the order in which the fleet is to hear of them."""

    candidates: list[Candidate]
    live: list[Model]
    #: LLMs that had a head for the encoder before and have none for this one: they compete with their priors.
    headless: list[str]
    encoding: Encoding

    def advice(self) -> dict[str, list[str]]:
        """What would give the headless a head, and which of them."""
        judged = {one.card.llm for one in self.candidates}
        advised = {
            "Train with their answers too, or wait for feedback.": [llm for llm in self.headless if llm not in judged],
            "Their new heads were rejected: train with more of their answers, or wait for feedback.": [
                llm for llm in self.headless if llm in judged
            ],
        }
        return {advice: llms for advice, llms in advised.items() if llms}


async def train_heads(
    recorded: Recorded, reference: str, place: Workplace, config: TrainConfig, progress: Progress
) -> Trained:
    """Fit and register an atlas of the queries, a head for every LLM, and a policy scaled to the reference's costs.

    All go live together, or none. Raises ConfigurationError when there is no live encoder, or too few rows of an LLM.
    """
    live = await _live_encoder(place.database)
    encoder = await asyncio.to_thread(Encoder.load, live, place.artifacts, os.cpu_count() or 1)
    usual = {llm: float(answers.quality.mean()) for llm, answers in recorded.answers.items()}
    policy = policy_of(reference, recorded.answers[reference].cost_usd.tolist(), usual)
    desk = Desk(encoder, place.artifacts, place.cache, progress)
    encoding = await asyncio.to_thread(encode, recorded, desk, config.encoding)
    charted = await asyncio.to_thread(
        chart_encoder, encoding.encoder, encoding.embedded, encoding.regions, place.artifacts, config.atlas
    )
    fitting = fit_heads(recorded, charted.embedded, charted.model.version, place.artifacts, config, progress=progress)
    candidates: list[Candidate] = []
    while (candidate := await asyncio.to_thread(next, fitting, None)) is not None:
        candidates.append(candidate)
        progress("Fitting heads", len(candidates), len(recorded.answers))
    if encoding.adoption is not None:
        await _enter(encoding.adoption.exported, place.database)
    live_now, headless = await _promote(charted, candidates, policy, place.database)
    return Trained(candidates, live_now, headless, encoding)


async def _promote(
    charted: Charted, candidates: list[Candidate], policy: tuple[Model, Card], database: Database
) -> tuple[list[Model], list[str]]:
    """Register all in one transaction; what is live now, and who lost its head."""
    async with database.session() as session:
        before = await live_models(session)
        heads = [
            await enter_model(session, each.model, each.card.model_dump(mode="json"), each.rejected)
            for each in candidates
        ]
        encoder = await add_model(session, charted.model, charted.card, "live")
        last = [encoder, await add_model(session, *policy, "live")]
        headless = _with_head(before) - _with_head(await live_models(session))
        await session.commit()
    # The encoder after its heads, which predictors are to load first.
    return [*(head for head in heads if head is not None), *last], sorted(headless)


async def _enter(exported: "Sequence[Exported]", database: Database) -> None:
    """Keep what tuning made in the registry; the charted version of it may go live."""
    async with database.session() as session:
        for each in exported:
            status: Status = "candidate" if each.rejected is None else "rejected"
            await add_model(session, each.model, each.card.model_dump(mode="json"), status, each.rejected)
        await session.commit()


def _with_head(live: Sequence[Model]) -> set[str]:
    """LLMs that the live encoder's embeddings are predicted for by a head."""
    encoders = [model.version for model in live if model.kind == "encoder"]
    return {model.llm for model in live if model.llm is not None and model.encoder in encoders}


async def _live_encoder(database: Database) -> Model:
    async with database.session() as session:
        found = [model for model in await live_models(session) if model.kind == "encoder"]
    if not found:
        raise ConfigurationError(
            "expected a live encoder in the registry, there is none; make one: python -m services.embedder.export"
        )
    return found[-1]
