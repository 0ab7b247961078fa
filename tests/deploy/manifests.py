"""The deploy files as data, and what the code says of the processes that they start."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from pydantic_settings import BaseSettings

from shared.settings import FleetSettings

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
LLMS = sorted(folder.name for folder in (K8S / "llms").iterdir())

#: YAML as it is read: nobody declares the fields of other projects' formats here.
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Process:
    """One container of the fleet's own images: what it runs, and the variables it is given beside its image's."""

    name: str
    #: What follows `python -m`.
    command: tuple[str, ...]
    image: str
    environment: Mapping[str, str]

    @property
    def module(self) -> str:
        return self.command[0]


def compose() -> Document:
    found: Document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def built(services: Document) -> dict[str, Document]:
    """The compose services of the fleet's own images."""
    return {name: service for name, service in services.items() if "build" in service}


def compose_processes() -> list[Process]:
    """What compose starts of the fleet."""
    return [
        Process(name, _compose_command(service), service["build"]["args"]["EXTRA"], _compose_environment(service))
        for name, service in built(compose()["services"]).items()
    ]


def _compose_command(service: Document) -> tuple[str, ...]:
    command, entrypoint = service["command"], service.get("entrypoint", ["python", "-m"])
    return (*entrypoint[2:], *(command.split() if isinstance(command, str) else command))


def _compose_environment(service: Document) -> dict[str, str]:
    file = env_file(ROOT / service["env_file"]) if "env_file" in service else {}
    return file | service.get("environment", {})


def env_file(file: Path) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(file, interpolate=False).items()}


def image_environment() -> dict[str, str]:
    """The ENV of the image that runs."""
    last = (ROOT / "deploy" / "Dockerfile").read_text().split("\nFROM ")[-1]
    return dict(re.findall(r"(?:ENV |^    )(POINTSMAN_\w+)=(\S+)", last, re.MULTILINE))


def kustomize(folder: Path) -> list[Document]:
    """What a kustomization builds; skips where kubectl is not installed, but not in CI."""
    kubectl = shutil.which("kubectl")
    if kubectl is None and "CI" not in os.environ:
        pytest.skip("kubectl is not installed: manifests of Kubernetes are not checked here")
    assert kubectl is not None, "CI must have kubectl"
    done = subprocess.run((kubectl, "kustomize", str(folder)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(documents: Iterable[Document], *kinds: str) -> list[Document]:
    return [document for document in documents if document["kind"] in kinds]


def containers(workload: Document) -> list[Document]:
    """All containers of a Deployment, StatefulSet or Job."""
    pod = workload["spec"]["template"]["spec"]
    found: list[Document] = [*pod.get("initContainers", []), *pod["containers"]]
    return found


def kubernetes_processes(documents: list[Document]) -> Iterator[Process]:
    """What these manifests start of the fleet."""
    maps = {document["metadata"]["name"]: document["data"] for document in of_kind(documents, "ConfigMap")}
    for workload in of_kind(documents, "Deployment", "Job"):
        for container in containers(workload):
            environment: dict[str, str] = {}
            for source in container.get("envFrom", []):
                environment |= maps[source["configMapRef"]["name"]]
            environment |= {each["name"]: each.get("value", "from the pod") for each in container.get("env", [])}
            image = container["image"].split(":")[0].removeprefix("pointsman-")
            yield Process(workload["metadata"]["name"], tuple(container["args"]), image, environment)


def settings_of(module: str) -> type[BaseSettings]:
    """The class that reads the environment of `python -m <module>`."""
    if not module.startswith("services.") or module.endswith(".export"):
        return FleetSettings
    settings = import_module(f"{module}.settings")
    found: type[BaseSettings] = getattr(settings, f"{module.rsplit('.')[-1].capitalize()}Settings")
    return found


def variables(settings: type[BaseSettings]) -> set[str]:
    """The names that it reads."""
    prefix = settings.model_config["env_prefix"]
    return {f"{prefix}{field}".upper() for field in settings.model_fields}
