"""What every process reads from its environment; each service's settings.py adds its own."""

from pathlib import Path
from socket import gethostname
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.addresses import checked
from shared.errors import ConfigurationError

S = TypeVar("S", bound="FleetSettings")


def _words(text: object) -> object:
    return tuple(word.strip() for word in text.split(",") if word.strip()) if isinstance(text, str) else text


#: `a,b` as a tuple of words.
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
#: The same, of addresses.
Urls = Annotated[tuple[Annotated[str, AfterValidator(checked)], ...], NoDecode, BeforeValidator(_words)]


class FleetSettings(BaseSettings):
    """`POINTSMAN_<FIELD>`; frozen, passed down, read nowhere else."""

    model_config = SettingsConfigDict(env_prefix="POINTSMAN_", frozen=True, extra="ignore")

    #: Kafka bootstrap servers, `host:port[,host:port]`.
    kafka: str = "localhost:9092"
    #: SQLAlchemy URL, `postgresql+psycopg://user@host:port/database`; a password belongs into `postgres_password_file`.
    postgres: str = "postgresql+psycopg://postgres@localhost:5432/postgres"
    #: File with the database's password.
    postgres_password_file: Path | None = None
    #: A statement that takes longer is given up and tried again, seconds; upkeep and migrations are exempt.
    postgres_statement_s: float = Field(default=10, ge=0.1)
    #: Name of this process in its group; stable across restarts where the process comes back under its name.
    instance: str = Field(default_factory=gethostname)
    #: Static group membership: only where the old process was reaped before the new one starts.
    static_membership: bool = False
    #: Partitions of the home topics; checked against the broker at start.
    home_partitions: int = Field(default=12, gt=0)
    #: Copies of each record in topics that this process creates; 3 in production.
    replication: int = Field(default=1, gt=0)
    #: Address of /health, /ready, /metrics; 0.0.0.0 in a container.
    health_host: str = "127.0.0.1"
    #: Their port; 0 takes a free one.
    health_port: int = Field(default=0, ge=0, le=65535)
    #: Where a process writes its health port once it listens (the local fleet reads it).
    health_file: Path | None = None
    #: /health fails when a lane has lag and finished nothing for this long.
    progress_limit_s: float = Field(default=300, gt=0)
    #: Folder (any fsspec URL) of model files.
    artifacts: str = "file://.pointsman/artifacts"
    #: DEBUG, INFO, WARNING or ERROR.
    log_level: str = "INFO"


def read(settings: type[S]) -> S:
    """Read settings from the environment; raises ConfigurationError naming the variable."""
    try:
        return settings()
    except ValidationError as error:
        raise ConfigurationError(f"{fault(error)}; set it in the environment") from error


def fault(error: ValidationError) -> str:
    """Which variable is wrong and why, without its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    variable = "POINTSMAN_" + "_".join(str(part) for part in first["loc"]).upper()
    return f"{variable}: {first['msg']}"
