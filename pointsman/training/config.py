"""How `pointsman train` and `pointsman evaluate` fit."""

from dataclasses import dataclass, field

from pointsman.training.encoding import EncodingConfig
from services.trainer.fitting.atlas import AtlasConfig
from services.trainer.fitting.basis import HeadConfig


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How heads are fitted, and how queries are divided: what is not held out is fitted.

    In the end each head is read out of all rows; what they stand on was learned from the fitted ones.
    """

    heads: HeadConfig = field(default_factory=HeadConfig)
    atlas: AtlasConfig = field(default_factory=AtlasConfig)
    encoding: EncodingConfig = field(default_factory=EncodingConfig)
    #: Share of the queries that are held out, and how much of the whole calibrates; the others held out judge.
    held_out: float = 0.25
    calibrating: float = 0.1
    seed: int = 0
