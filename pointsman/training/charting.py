"""From an encoder and its training queries to the version that is served: the same encoder, with their atlas."""

from dataclasses import dataclass, replace

from pointsman.training.vectors import Embedded
from services.trainer.fitting.atlas import AtlasConfig, chart, store_atlas
from services.trainer.fitting.atlas_graph import Regions
from shared.artifacts import Artifacts, Card
from shared.atlas import Atlas
from shared.encoder import Encoder
from shared.messages import Model
from shared.messages.registry import with_atlas


@dataclass(frozen=True, slots=True)
class Charted:
    """A version of an encoder that is not registered yet."""

    model: Model
    card: Card
    atlas: Atlas
    #: The training queries, each placed among the others.
    embedded: Embedded


def chart_encoder(
    encoder: Encoder, embedded: Embedded, regions: Regions | None, artifacts: Artifacts, config: AtlasConfig
) -> Charted:
    """Chart what the encoder embedded; an atlas that it has is replaced, and the same queries make the same version."""
    charted = chart(embedded.vectors, regions, config)
    stored = store_atlas(charted, encoder.card, config, artifacts)
    atlas = Atlas.load(stored.sha256, artifacts)
    version = with_atlas(encoder.card.version, stored.sha256)
    model = encoder.model.model_copy(update={"version": version, "atlas_sha256": stored.sha256, "revision": 0})
    card = encoder.card.model_copy(update={"version": version}).model_dump(mode="json")
    card |= {"atlas_sha256": stored.sha256, "atlas": atlas.card.model_dump(mode="json")}
    placed = replace(embedded, neighbours=charted.neighbours, similarities=charted.similarities)
    return Charted(model, card, atlas, placed)
