"""The encoder that heads are fitted on: the live one, or one tuned on the queries' domains where that wins."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pointsman.training.recorded import Recorded
from pointsman.training.tagging.audit import Audit, audit
from pointsman.training.tagging.domains import Tagger, group_queries
from pointsman.training.tagging.labels import LabelTagger
from pointsman.training.tuning.config import AdoptConfig
from pointsman.training.tuning.desk import Desk
from pointsman.training.vectors import Embedded
from services.trainer.fitting.atlas_graph import Regions
from shared.encoder import Encoder

if TYPE_CHECKING:
    from pointsman.training.tuning.adoption import Adoption


@dataclass(frozen=True, slots=True)
class EncodingConfig:
    """Whose tags make domains, and whether the encoder is tuned on them."""

    #: None takes the data sets' names.
    tagger: Tagger | None = None
    #: None keeps the live encoder.
    tuning: AdoptConfig | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoder, the training queries in its space, and the domains there."""

    encoder: Encoder
    embedded: Embedded
    #: None where nobody said what the queries are about.
    regions: Regions | None
    audit: Audit
    #: None where nothing was tuned.
    adoption: "Adoption | None" = field(default=None)


def encode(recorded: Recorded, desk: Desk, config: EncodingConfig) -> Encoding:
    """Embed the prompts, group them into domains and, if asked, tune an encoder and take it where it wins."""
    prompts, total = recorded.prompts, len(recorded.prompts)
    tagger = LabelTagger.of(recorded) if config.tagger is None else config.tagger
    encoder, adoption = desk.plain, None
    embedded = desk.embed(prompts, encoder, "Embedding prompts")

    def tell(done: int) -> None:
        desk.progress("Tagging prompts", done, total)

    domains = group_queries(prompts, tagger, encoder, tell, config.seed)
    if config.tuning is not None:
        # Here, not above: it imports torch, which takes seconds.
        from pointsman.training.tuning.adoption import tune_encoder

        adoption = tune_encoder(recorded, domains, desk, config.tuning)
        if adoption.served is not None:
            encoder = Encoder.load(adoption.served.model, desk.artifacts)
            embedded = desk.embed(prompts, encoder, "Embedding prompts")
    regions = Regions(domains.names, domains.centroids(embedded.vectors)) if domains.names else None
    return Encoding(encoder, embedded, regions, audit(domains, embedded.vectors), adoption)
