"""What a decision replica reads from its environment."""

from pydantic import Field

from shared.messages.query import DEFAULT_DEADLINE_S
from shared.settings import FleetSettings


class DecisionSettings(FleetSettings):
    """Defaults suit production and one machine alike."""

    #: Keep query text in receipts, and so in Postgres: encoder training needs it.
    store_text: bool = False
    #: How long a query waits for a first LLM to be announced before it is refused, seconds.
    no_llms_wait_s: float = Field(default=10, ge=0)
    #: A query that names no `max_wait_s` ends this long after it was appended, seconds.
    default_deadline_s: float = Field(default=DEFAULT_DEADLINE_S, gt=0)
    #: Share by which prompt tokens are overestimated against an LLM's context window.
    context_margin: float = Field(default=0.05, ge=0)
    #: Undecided queries kept before `accepted` and `attempts` are left alone.
    max_undecided: int = Field(default=1000, gt=0)
    #: Predictions kept before their queries were read, before `predictions` is left alone.
    max_early_predictions: int = Field(default=20_000, gt=0)
