"""What `pointsman demo` was asked for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """One run of the demo."""

    #: Takes the page, the report and, while it runs, the state of the fleet.
    out: Path
    queries: int = 300
    #: Recorded answers to replay, and the name of the pool in them.
    data: Path | None = None
    pool: str | None = None
    #: Folder of the descriptors of real LLMs.
    llms: Path | None = None
    #: The fleet goes on until Ctrl-C.
    keep: bool = False
    seed: int = 1

    @property
    def state(self) -> Path:
        """State folder of the demo's own fleet."""
        return self.out / "fleet"
