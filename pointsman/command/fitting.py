"""The work behind `pointsman train`; imports scikit-learn, which takes seconds, so the command imports this late."""

import asyncio
from pathlib import Path

from pydantic import JsonValue

from pointsman.command.progress import shown
from pointsman.local.state import Endpoints
from pointsman.training.config import TrainConfig
from pointsman.training.recorded import Recorded, read_pool, read_recorded
from pointsman.training.training import Trained, Workplace, train_heads
from services.trainer.fitting.card import Candidate, Judgement
from shared.artifacts import Artifacts
from shared.database.engine import Database


def train_pool(data: list[Path], pool: str, fleet: Endpoints, cache: Path, config: TrainConfig) -> Trained:
    """Fit and register heads for the pool's LLMs, with progress on standard error."""
    chosen = read_pool(pool)
    recorded = read_recorded(data, chosen)
    place = Workplace(Artifacts(fleet.artifacts), Database(fleet.postgres), cache)
    return asyncio.run(_train(recorded, chosen.reference, place, config))


async def _train(recorded: Recorded, reference: str, place: Workplace, config: TrainConfig) -> Trained:
    try:
        with shown() as tell:
            return await train_heads(recorded, reference, place, config, tell)
    finally:
        await place.database.close()


def as_data(candidate: Candidate) -> JsonValue:
    """One head's card and what became of it."""
    return {
        **candidate.card.model_dump(mode="json"),
        "sha256": candidate.model.sha256,
        "status": "live" if candidate.rejected is None else "rejected",
        "reason": candidate.rejected,
    }


def row(candidate: Candidate) -> tuple[str, ...]:
    """One head as a line of the table."""
    card = candidate.card
    verdict = "live" if candidate.rejected is None else "rejected"
    return (
        card.llm,
        card.version,
        f"{card.training_rows:,}",
        _explained(card.quality),
        _explained(card.length),
        verdict,
    )


def _explained(judged: Judgement) -> str:
    return f"{judged.explained:.0%}"
