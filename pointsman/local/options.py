"""What `pointsman up` was asked for."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

#: The services that run whatever LLMs there are; predictors come and go with their LLMs.
SERVICES = ("embedder", "decision", "executor", "trainer")


class FleetOptions(BaseModel):
    """One fleet on this machine."""

    model_config = ConfigDict(frozen=True)

    state: Path
    #: Bootstrap servers of a Kafka that is there already; None starts one.
    kafka: str | None = None
    #: SQLAlchemy URL of a Postgres that is there already; None starts one.
    postgres: str | None = None
    #: Folder of the descriptors of real LLMs; None simulates some.
    llms: Path | None = None
    #: How many processes of a service, of the predictor for each LLM; one where it is not named, 0 runs none here.
    replicas: dict[str, int] = {}
    #: How many simulated LLMs; None takes 4 planted ones, all of a pool. The simulator also serves the others.
    simulate: int | None = None
    #: How much faster than real time the simulated LLMs answer.
    speed: float = 1.0
    #: Recorded answers to replay, and the name of the pool in them.
    data: Path | None = None
    pool: str | None = None
    #: Settings of every service but the predictors, as environment variables.
    settings: dict[str, str] = {}

    @field_validator("replicas")
    @classmethod
    def _known(cls, replicas: dict[str, int]) -> dict[str, int]:
        known = (*SERVICES, "predictor")
        for name, count in replicas.items():
            if name not in known or count < 0:
                raise ValueError(f"expected <service>=<at least 0> with one of {', '.join(known)}, got {name}={count}")
        return replicas

    @model_validator(mode="after")
    def _pairs(self) -> "FleetOptions":
        if (self.data is None) != (self.pool is None):
            raise ValueError("--data and --pool go together: the folder of recorded answers and the pool in it")
        if self.llms is not None and self.data is not None:
            raise ValueError("--llms uses real LLMs and --data recorded ones; choose one of them")
        return self

    def names(self, kind: str, of: str | None = None) -> list[str]:
        """The processes of a service: `decision`, `decision-2`, …; a predictor's carry its LLM.

        >>> FleetOptions(state=Path("x"), replicas={"decision": 2}).names("decision")
        ['decision', 'decision-2']
        """
        first = kind if of is None else f"{kind}-{of}"
        numbered = [f"{first}-{number}" for number in range(2, self.replicas.get(kind, 1) + 1)]
        return [first, *numbered][: self.replicas.get(kind, 1)]
