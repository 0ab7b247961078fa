"""How each service of the fleet is run on this machine."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pointsman.local import descriptors
from pointsman.local.endpoint import address, answers
from pointsman.local.ports import HOST
from pointsman.local.process import Program
from pointsman.local.state import State

#: Time for what a service does after its last call ended, seconds.
_FAREWELL_S = 5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every service is told."""

    state: State
    kafka: str
    postgres: str
    artifacts: str
    home_partitions: int
    keys_dir: Path
    drain_s: float

    def environment(self, name: str) -> dict[str, str]:
        """The variables of one process."""
        return {
            "POINTSMAN_KAFKA": self.kafka,
            "POINTSMAN_POSTGRES": self.postgres,
            "POINTSMAN_ARTIFACTS": self.artifacts,
            "POINTSMAN_HOME_PARTITIONS": str(self.home_partitions),
            "POINTSMAN_INSTANCE": name,
            "POINTSMAN_STATIC_MEMBERSHIP": "true",
            "POINTSMAN_HEALTH_FILE": str(self.port_file(name)),
            "POINTSMAN_KEYS_DIR": str(self.keys_dir),
            "POINTSMAN_DRAIN_S": str(self.drain_s),
        }

    def port_file(self, name: str) -> Path:
        """Where a process writes the port of its health endpoint."""
        return self.state.ports / name


def service(kind: str, name: str, around: Surroundings, extra: Mapping[str, str] | None = None) -> Program:
    """One process of a service; its port file of an earlier life is removed."""
    port_file = around.port_file(name)
    port_file.unlink(missing_ok=True)
    return Program(
        name=name,
        command=(sys.executable, "-m", f"services.{kind}"),
        environment={**(extra or {}), **around.environment(name)},
        ready=partial(answers, port_file, "/ready"),
        health=partial(address, port_file),
        stop_s=around.drain_s + _FAREWELL_S,
    )


def predictor(descriptor: Path, name: str, around: Surroundings) -> Program:
    """One predictor worker of the LLM that the descriptor tells of."""
    return service("predictor", name, around, descriptors.read(descriptor))


def simulator(port: int, port_file: Path, arguments: tuple[str, ...]) -> Program:
    """The server that stands in for LLMs."""
    port_file.unlink(missing_ok=True)
    options = ("--host", HOST, "--port", str(port), "--port-file", str(port_file), *arguments)
    return Program(
        name="simulator",
        command=(sys.executable, "-m", "services.simulator", *options),
        ready=partial(answers, port_file, "/health"),
        stop_s=_FAREWELL_S,
    )


def export_encoder(around: Surroundings) -> Program:
    """Exports, registers and promotes the encoder, then ends."""
    options = ("--artifacts", around.artifacts, "--postgres", around.postgres)
    return Program(name="export", command=(sys.executable, "-m", "services.embedder.export", *options))
