"""How an encoder is tuned, and what judges it. Without torch, so that a command can name it at once."""

from dataclasses import dataclass, field
from typing import Literal

#: `softmax`: both terms of the loss in one; `literal`: their sum. See pointsman.training.tuning.objective.
Form = Literal["softmax", "literal"]


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """Method 1.2; epochs, batch and learning rate are within what it names."""

    epochs: int = 2
    batch: int = 64
    learning_rate: float = 2e-5
    form: Form = "softmax"
    temperature: float = 0.1
    #: Of the prototypes' moving averages.
    momentum: float = 0.9
    #: Looks at the predictors per epoch; a run ends when so many in a row were not the best.
    checks_per_epoch: int = 2
    patience: int = 2
    #: Above it, domains are collapsing into points.
    most_cosine: float = 0.7
    #: Steps between two checkpoints.
    checkpoint_steps: int = 25
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AdoptConfig:
    """What is tuned, and what judges it."""

    tuning: TuneConfig = field(default_factory=TuneConfig)
    #: See services.embedder.export.ExportConfig.
    model: str | None = None
    depth: int = 2
    max_length: int = 256
    #: Share of the queries that judge in the end, as for heads; tuning never sees them.
    held_out: float = 0.2
    seed: int = 0
    #: Who gave the tags, for the card.
    tagger: str = "labels"
