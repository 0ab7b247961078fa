"""What a trainer reads from its environment."""

from pydantic import Field

from shared.settings import FleetSettings


class TrainerSettings(FleetSettings):
    """Defaults suit every size of fleet."""

    #: Keep the text of queries in the routing log; training an encoder needs it.
    store_text: bool = False
    #: Records written in one transaction, at most.
    record_batch: int = Field(default=500, gt=0)
    #: Pause between two such transactions, seconds: what users see does not wait for the log.
    record_every_s: float = Field(default=0.5, ge=0)
    #: How often `llms` and `models` are repeated from the registry, seconds.
    announce_every_s: float = Field(default=600, gt=0)
    #: How often waiting feedback is matched with its queries, seconds.
    settle_every_s: float = Field(default=5, gt=0)
    #: Feedback whose query does not show up in this time is dead-lettered, seconds.
    feedback_wait_s: float = Field(default=3600, gt=0)
    #: How often partitions are made and old claims forgotten, seconds.
    upkeep_every_s: float = Field(default=3600, gt=0)
    #: How long claims are kept, seconds: a query id is refused with other content for as long.
    claims_kept_s: float = Field(default=7 * 86_400, gt=0)
    #: An LLM's head is fitted again once so many of its queries have new feedback.
    train_after_rows: int = Field(default=200, gt=0)
    #: And with less new feedback when its last fit is this old, seconds.
    train_every_s: float = Field(default=86_400, gt=0)
    #: How often news are counted, seconds.
    train_check_s: float = Field(default=30, gt=0)
    #: Queries with feedback that a head is fitted on, at most: the newest.
    train_rows: int = Field(default=50_000, gt=0)
    #: A fit that takes longer is ended, seconds.
    train_limit_s: float = Field(default=3600, gt=0)
