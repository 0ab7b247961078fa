"""docker-compose.yml against the compose specification and against the code."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from pointsman.local import kafka
from services.executor.settings import ExecutorSettings
from services.simulator.descriptors import descriptor
from services.simulator.profiles import CAST
from shared.settings import FleetSettings, read
from shared.topics import MAX_MESSAGE_BYTES
from tests.deploy.manifests import (
    LLMS,
    ROOT,
    Document,
    Process,
    built,
    compose,
    compose_processes,
    image_environment,
    settings_of,
    variables,
)

SERVICES: dict[str, Document] = compose()["services"]


def test_compose_specification_allows_the_file() -> None:
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")

    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_all_services_of_the_fleet_are_there() -> None:
    folders = {folder.parent.name for folder in (ROOT / "services").glob("*/__main__.py")}

    assert {process.module for process in compose_processes()} >= {f"services.{name}" for name in folders}


@pytest.mark.parametrize("process", compose_processes(), ids=lambda process: process.name)
def test_what_a_service_runs_and_is_told_exists(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(process.module)

    assert find_spec(process.module) is not None
    assert set(process.environment) <= variables(settings)
    for name, value in process.environment.items():
        monkeypatch.setenv(name, value)
    if issubclass(settings, FleetSettings):
        read(settings)


def test_an_images_variables_are_read_by_somebody() -> None:
    known = set().union(*(variables(settings_of(process.module)) for process in compose_processes()))

    assert image_environment()
    assert set(image_environment()) <= known


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_change_nothing_but_its_own(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert "build" in service or service["user"] not in ("root", "0")
    assert "build" in service or "healthcheck" in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", built(SERVICES))
def test_a_service_of_the_fleet_can_be_scaled(name: str) -> None:
    service = SERVICES[name]

    assert "container_name" not in service
    assert "ports" not in service
    assert not {"POINTSMAN_INSTANCE", "POINTSMAN_STATIC_MEMBERSHIP"} & set(service.get("environment", {}))


def test_those_that_are_waited_for_exist_and_can_be_waited_for() -> None:
    for service in SERVICES.values():
        waited_for = service.get("depends_on", [])
        assert set(waited_for) <= set(SERVICES)
        for name in waited_for:
            if isinstance(waited_for, dict) and waited_for[name]["condition"] == "service_completed_successfully":
                assert SERVICES[name]["restart"] == "on-failure", f"{name} would never be complete"


def test_files_that_are_mounted_exist() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]

    for source in mounted:
        assert (ROOT / source).exists() if source.startswith(".") else source in compose()["volumes"], source


def test_secrets_are_files_that_git_ignores() -> None:
    files = [secret["file"] for secret in compose()["secrets"].values()]

    ignored = subprocess.run(("git", "check-ignore", *files), cwd=ROOT, capture_output=True, text=True, check=False)

    assert ignored.stdout.split() == files
    used = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert used == set(compose()["secrets"])


def test_calls_in_flight_may_end_before_the_executor_is_killed() -> None:
    grace_s = int(SERVICES["executor"]["stop_grace_period"].removesuffix("s"))

    assert grace_s > ExecutorSettings().drain_s


def test_the_broker_is_the_one_that_is_tested() -> None:
    broker = SERVICES["kafka"]

    assert broker["image"] == f"apache/kafka:{kafka.VERSION}"
    assert broker["environment"]["KAFKA_MESSAGE_MAX_BYTES"] == MAX_MESSAGE_BYTES
    assert broker["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


@pytest.mark.parametrize("name", LLMS)
def test_a_simulated_llms_descriptor_is_what_the_simulator_says_of_it(name: str) -> None:
    profile = next(profile for profile in CAST if profile.name == name)
    port = image_environment()["POINTSMAN_SIMULATOR_PORT"]

    written = (ROOT / "deploy" / "k8s" / "llms" / name / "llm.env").read_text()

    assert written == descriptor(profile, f"http://simulator:{port}/v1", speed=1.0)
    assert f"predictor-{name}" in SERVICES
