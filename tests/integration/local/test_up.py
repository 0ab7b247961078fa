"""`pointsman up` as a process, over real brokers, with stand-ins for the services."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pointsman.local.options import SERVICES, FleetOptions
from pointsman.local.state import Endpoints, ProcessEntry, State

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is to be looked at first for `services`."""
    package = tmp_path_factory.mktemp("path") / "services"
    for name in (*SERVICES, "predictor", "simulator"):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
        (package / name / "__main__.py").write_text("from services.stand_in import main\nmain()\n")
    (package / "__init__.py").touch()
    (package / "embedder" / "export.py").touch()
    shutil.copy(Path(__file__).with_name("stand_in.py"), package)
    return package.parent


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory, kafka: str, postgres: str) -> FleetOptions:
    """Of the fleet that the tests share."""
    state = tmp_path_factory.mktemp("shared") / "state"
    return FleetOptions(state=state, kafka=kafka, postgres=postgres, simulate=2, replicas={"decision": 2})


@pytest.fixture(scope="module")
def fleet(options: FleetOptions, services: Path) -> Iterator["subprocess.Popen[str]"]:
    """Ready, and shared by the tests that leave it as it was."""
    with _up(options, services) as fleet:
        yield fleet


@contextmanager
def _up(options: FleetOptions, services: Path) -> Iterator["subprocess.Popen[str]"]:
    """The process, once the fleet is ready."""
    fleet = _started(options, services)
    try:
        _ready(options, fleet)
        yield fleet
    finally:
        fleet.terminate()
        fleet.communicate(timeout=60)


def _started(options: FleetOptions, services: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        (sys.executable, "-m", "pointsman.local", options.model_dump_json()),
        cwd=services,
        env=os.environ | {"PYTHONPATH": str(services)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ready(options: FleetOptions, fleet: "subprocess.Popen[str]") -> Endpoints:
    state = State(options.state)
    _until(lambda: state.endpoints() is not None or fleet.poll() is not None)
    endpoints = state.endpoints()
    assert endpoints is not None, fleet.communicate()[0]
    return endpoints


def _until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _living(options: FleetOptions) -> dict[str, ProcessEntry]:
    entries = State(options.state).processes()
    return {name: entry for name, entry in entries.items() if entry.pid is not None and psutil.pid_exists(entry.pid)}


def test_a_ready_fleet_has_an_endpoint_for_every_process(options: FleetOptions, fleet: "subprocess.Popen[str]") -> None:
    endpoints = _ready(options, fleet)

    assert endpoints.kafka == options.kafka
    assert endpoints.simulator is not None
    assert set(endpoints.health) == {*SERVICES, "decision-2", "predictor-llm-0", "predictor-llm-1"}


def test_a_second_start_on_the_same_state_is_refused_with_the_pid(
    options: FleetOptions, fleet: "subprocess.Popen[str]", services: Path
) -> None:
    second = _started(options, services)
    said = second.communicate(timeout=60)[0]

    assert second.returncode == 2
    assert str(fleet.pid) in said
    assert _ready(options, fleet)


def test_a_killed_service_is_started_again_and_its_new_address_told(
    options: FleetOptions, fleet: "subprocess.Popen[str]"
) -> None:
    before, killed = _ready(options, fleet).health["executor"], _living(options)["executor"].pid
    assert killed is not None

    os.kill(killed, signal.SIGKILL)

    _until(lambda: _ready(options, fleet).health.get("executor", before) != before)
    assert _living(options)["executor"].restarts == 1


def test_ctrl_c_leaves_nothing_running_and_workers_that_came_and_went_are_remembered(
    options: FleetOptions, services: Path, tmp_path: Path
) -> None:
    own = options.model_copy(update={"state": tmp_path / "state"})
    with _up(own, services) as fleet:
        llms = State(own.state).llms
        (llms / "added.env").write_text("POINTSMAN_LLM_NAME=added\n")
        (llms / "llm-0.env").unlink()
        _until(lambda: "predictor-added" in _living(own) and "predictor-llm-0" not in _living(own))
        children = psutil.Process(fleet.pid).children(recursive=True)

        fleet.send_signal(signal.SIGINT)

        assert fleet.wait(60) == 0
    assert len(children) >= 8
    assert not [child for child in children if child.is_running()]
    assert State(own.state).endpoints() is None

    with _up(own, services):
        predictors = {name for name in _living(own) if name.startswith("predictor")}
        assert predictors == {"predictor-added", "predictor-llm-1"}


def test_a_killed_up_leaves_a_state_that_starts_again(options: FleetOptions, services: Path, tmp_path: Path) -> None:
    own = options.model_copy(update={"state": tmp_path / "state", "kafka": None, "postgres": None})
    with _up(own, services) as fleet:
        fleet.kill()

    with _up(own, services) as fleet:
        assert set(_ready(own, fleet).health) >= set(SERVICES)
