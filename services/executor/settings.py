"""What an executor reads from its environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from services.executor.circuit import CircuitSettings
from services.executor.endpoint import EndpointSettings
from shared.settings import FleetSettings, Urls, Words


class ExecutorSettings(FleetSettings):
    """Defaults suit production and one machine alike."""

    #: Serve only these LLMs, comma-separated; empty serves all.
    llms: Words = ()
    #: Folder of the key files that descriptors name.
    keys_dir: Path = Path("/run/secrets")
    #: Base URLs that may be called, comma-separated, each with all below it; empty allows all.
    allowed_base_urls: Urls = ()
    #: `best_effort` calls without a claim while Postgres is away: answers instead of certainty.
    claims: Literal["strict", "best_effort"] = "strict"
    #: How long calls in flight may go on after SIGTERM, seconds.
    drain_s: float = Field(default=120, ge=0)
    #: For a connection to an LLM, seconds.
    connect_s: float = Field(default=5, gt=0)
    #: The longest wait for an answer's first piece, seconds.
    first_token_s: float = Field(default=120, gt=0)
    #: The longest silence between two pieces of an answer, seconds.
    stall_s: float = Field(default=30, gt=0)
    #: A provider's retry-after up to this is waited out inside the attempt, seconds.
    retry_after_s: float = Field(default=20, ge=0)
    #: Failures in a row that open an LLM's circuit.
    circuit_failures: int = Field(default=5, gt=0)
    #: How long it is open at first, seconds; each failed probe doubles that.
    circuit_first_s: float = Field(default=5, gt=0)
    #: And at most, seconds.
    circuit_longest_s: float = Field(default=120, gt=0)

    @property
    def endpoint(self) -> EndpointSettings:
        return EndpointSettings(self.keys_dir, self.allowed_base_urls, self.connect_s, self.first_token_s, self.stall_s)

    @property
    def circuit(self) -> CircuitSettings:
        return CircuitSettings(self.circuit_failures, self.circuit_first_s, self.circuit_longest_s)
