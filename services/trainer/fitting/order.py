"""What the trainer tells the process that fits."""

from pydantic import BaseModel, ConfigDict

from services.trainer.fitting.card import Lineage
from shared.messages import Model


class Order(BaseModel):
    """Fit this LLM's next head."""

    model_config = ConfigDict(frozen=True)

    llm: str
    #: Version of the live encoder: only its vectors count.
    encoder: str
    #: None when the prior is served.
    live: Model | None = None
    #: The rows that the live head was fitted on; of a run whose head was rejected where there is none.
    seen: Lineage = Lineage()
    #: sha256 of the other LLMs' rows, whose ground serves an LLM that came after their run; None without any.
    ground_sha256: str | None = None
