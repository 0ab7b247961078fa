"""What an embedder reads from its environment."""

from pydantic import Field

from shared.settings import FleetSettings


class EmbedderSettings(FleetSettings):
    """Defaults suit one process per core."""

    #: Threads of one inference; more serve one prompt sooner and all prompts slower.
    encoder_threads: int = Field(default=1, ge=1)
    #: Tokens per micro-batch, padding included; a longer prompt goes alone, and with 1 all do. On CPUs a batch is
    #: hardly faster than its prompts one by one, and alone an int8 vector does not depend on its neighbours
    #: (benchmarks/encoder.py). With a float32 encoder a larger budget costs nothing.
    encoder_token_budget: int = Field(default=1, ge=1)
    #: Records taken at once: their first result waits for their last.
    encoder_batch: int = Field(default=8, ge=1)
