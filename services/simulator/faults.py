"""How a simulated LLM behaves: its real speed and parallelism, and the share of its calls that go wrong."""

from collections.abc import Mapping
from enum import StrEnum
from random import Random
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.simulator.profiles import Profile


class Fault(StrEnum):
    """Everything that can go wrong with a call."""

    #: Refused at once, not paid for.
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    AUTH = "auth"
    CONTEXT_LENGTH = "context_length"
    CONTENT_FILTER = "content_filter"
    #: Paid for, as the LLM worked. Pauses halfway, then goes on.
    STALL = "stall"
    #: The connection breaks halfway.
    HALF_STREAM = "half_stream"
    #: JSON that stops in the middle.
    GARBAGE = "garbage"
    #: Status 200 and a proxy's page.
    HTML = "html"
    #: Nothing ever comes.
    SILENCE = "silence"


class Behaviour(BaseModel):
    """What `/control/llms/{name}` shows and sets."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    #: Calls beyond it wait, first come first served.
    parallelism: Annotated[int, Field(gt=0)]
    first_token_s: Annotated[float, Field(ge=0)]
    tokens_per_s: Annotated[float, Field(gt=0)]
    #: Both times are divided by it.
    speed: Annotated[float, Field(gt=0)] = 1.0
    #: Share of calls by fault; the rest is answered.
    faults: Mapping[Fault, Annotated[float, Field(ge=0, le=1)]] = {}
    #: Real seconds of a stall's pause.
    stall_s: Annotated[float, Field(ge=0)] = 30.0
    #: What a 429 tells the client to wait.
    retry_after_s: Annotated[float, Field(ge=0)] = 1.0

    @model_validator(mode="after")
    def _faults_are_shares(self) -> Self:
        if sum(self.faults.values()) > 1 + 1e-9:
            raise ValueError("expected faults that sum to at most 1")
        return self

    def draw(self, random: Random) -> Fault | None:
        """What goes wrong with the next call; None where nothing does."""
        position = random.random()
        for fault, share in self.faults.items():
            position -= share
            if position < 0:
                return fault
        return None

    def duration_s(self, tokens: int) -> float:
        """Seconds that an answer of so many tokens takes, first token included."""
        return (self.first_token_s + tokens / self.tokens_per_s) / self.speed


def usual(profile: Profile, speed: float) -> Behaviour:
    """How an LLM behaves as long as nobody says otherwise."""
    return Behaviour(
        parallelism=profile.parallelism,
        first_token_s=profile.first_token_s,
        tokens_per_s=profile.tokens_per_s,
        speed=speed,
    )
