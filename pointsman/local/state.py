"""The state folder of a fleet on this machine: where things lie, who runs it, how to reach it."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from pointsman.local.holding import held, holder
from pointsman.local.settings import LocalSettings
from shared.errors import ConfigurationError
from shared.files import write_whole
from shared.settings import FleetSettings

DEFAULT = Path(".pointsman")


class Endpoints(BaseModel):
    """How to reach a fleet."""

    model_config = ConfigDict(frozen=True)

    kafka: str
    postgres: str
    #: Base URL of the simulated LLMs; None without any.
    simulator: str | None = None
    artifacts: str
    home_partitions: int
    #: Base URL of /health, /ready and /metrics, by process name.
    health: dict[str, str] = {}


class ProcessEntry(BaseModel):
    """One process of the fleet as it was last seen."""

    model_config = ConfigDict(frozen=True)

    pid: int | None
    #: Seconds since the epoch; with the pid it names a process for good.
    started_at: float | None
    status: str
    restarts: int
    health: str | None


_processes = TypeAdapter(dict[str, ProcessEntry])


class State:
    """Paths and files of one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self.llms = self.folder / "llms"
        self.ports = self.folder / "ports"
        self.keys = self.folder / "keys"
        self.endpoints_file = self.folder / "endpoints.json"
        self._processes_file = self.folder / "processes.json"
        self._lock_file = self.folder / "lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; raises PermanentError naming the process that has it."""
        for folder in (self.folder, self.logs, self.ports, self.keys):
            folder.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("a+") as lock, held(lock, self._taken):
            yield

    def running_pid(self) -> int | None:
        """The process that holds the folder; None when nobody does."""
        if not self._lock_file.exists():
            return None
        with self._lock_file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return holder(lock)
        return None

    def endpoints(self) -> Endpoints | None:
        """How to reach the fleet; None until it is ready."""
        try:
            return Endpoints.model_validate_json(self.endpoints_file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise ConfigurationError(f"{self.endpoints_file} is not a fleet's; start it again: {error}") from error

    def write_endpoints(self, endpoints: Endpoints) -> None:
        """Readable for its owner only: it holds the database's password."""
        write_whole(self.endpoints_file, endpoints.model_dump_json(indent=2).encode(), mode=0o600)

    def forget_endpoints(self) -> None:
        self.endpoints_file.unlink(missing_ok=True)

    def processes(self) -> dict[str, ProcessEntry]:
        """Every process of the last fleet here, by name."""
        try:
            return _processes.validate_json(self._processes_file.read_bytes())
        except FileNotFoundError:
            return {}

    def write_processes(self, processes: Mapping[str, ProcessEntry]) -> None:
        write_whole(self._processes_file, _processes.dump_json(dict(processes), indent=2), mode=0o600)

    def _taken(self, pid: int) -> str:
        return (
            f"a fleet runs in {self.folder} already, as process {pid}; "
            "end it with `pointsman down`, or choose another --state"
        )


def locate(state: Path | None) -> Path:
    """The state folder: the option's, else POINTSMAN_STATE, else ./.pointsman."""
    return state or LocalSettings().state or DEFAULT


def find(state: Path | None = None) -> Endpoints:
    """The fleet of --state, POINTSMAN_STATE or ./.pointsman, else that of POINTSMAN_KAFKA and POINTSMAN_POSTGRES.

    Raises ConfigurationError saying where it looked.
    """
    settings = LocalSettings()
    folder = locate(state)
    endpoints = State(folder).endpoints()
    if endpoints is not None:
        return endpoints
    asked_for = state or settings.state
    if asked_for is not None or settings.kafka is None or settings.postgres is None:
        raise ConfigurationError(
            f"no fleet is ready in {folder}; start one with `pointsman up --state {folder}`, "
            "or set POINTSMAN_KAFKA and POINTSMAN_POSTGRES"
        )
    defaults = FleetSettings()
    return Endpoints(
        kafka=settings.kafka,
        postgres=_with_password(settings.postgres, defaults.postgres_password_file),
        artifacts=defaults.artifacts,
        home_partitions=defaults.home_partitions,
    )


def _with_password(url: str, file: Path | None) -> str:
    """Endpoints have one address of Postgres, password included; None leaves it as it is."""
    if file is None:
        return url
    try:
        password = quote(file.read_text().strip(), safe="")
    except OSError as error:
        raise ConfigurationError(f"POINTSMAN_POSTGRES_PASSWORD_FILE: expected a readable file at {file}") from error
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()
