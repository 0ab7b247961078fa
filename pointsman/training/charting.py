"""From an encoder and its training queries to the version that is served: the same encoder, with their atlas."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pointsman.training.recorded import Recorded
from pointsman.training.tagging.domains import find_domains
from pointsman.training.tagging.labels import LabelTagger
from pointsman.training.vectors import Embedded
from services.trainer.fitting.atlas import AtlasConfig, chart, store_atlas
from services.trainer.fitting.atlas_graph import Regions
from shared.artifacts import Artifacts, Card
from shared.atlas import Atlas
from shared.encoder import Encoder, Text
from shared.inference import Floats
from shared.messages import Model


@dataclass(frozen=True, slots=True)
class Charted:
    """A version of an encoder that is not registered yet."""

    model: Model
    card: Card
    atlas: Atlas
    #: The training queries, each placed among the others.
    embedded: Embedded


def regions_of(recorded: Recorded, embedded: Embedded, encoder: Encoder) -> Regions | None:
    """Domains by the data's own labels, grouped where there are many; None where all queries are of one."""
    label_of = dict(zip(recorded.prompts, recorded.datasets, strict=True))
    domains = find_domains(LabelTagger(label_of)(recorded.prompts, lambda _: None), partial(_vectors, encoder))
    if len(domains.names) < 2:
        return None
    return Regions(domains.names, domains.centroids(embedded.vectors))


def chart_encoder(
    encoder: Encoder, embedded: Embedded, regions: Regions | None, artifacts: Artifacts, config: AtlasConfig
) -> Charted:
    """Chart what the encoder embedded; an atlas that it has is replaced, and the same queries make the same version."""
    charted = chart(embedded.vectors, regions, config)
    stored = store_atlas(charted, encoder.card, config, artifacts)
    atlas = Atlas.load(stored.sha256, artifacts)
    version = f"{encoder.card.version}+{stored.sha256[:8]}"
    model = encoder.model.model_copy(update={"version": version, "atlas_sha256": stored.sha256, "revision": 0})
    card = encoder.card.model_copy(update={"version": version}).model_dump(mode="json")
    card |= {"atlas_sha256": stored.sha256, "atlas": atlas.card.model_dump(mode="json")}
    placed = replace(embedded, neighbours=charted.neighbours, similarities=charted.similarities)
    return Charted(model, card, atlas, placed)


def _vectors(encoder: Encoder, tags: Sequence[str]) -> Floats:
    return np.stack([each.vector for each in encoder.encode([Text(tag) for tag in tags], token_budget=1)])
