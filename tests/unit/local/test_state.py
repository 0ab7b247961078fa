"""Where a command finds the fleet."""

import os
import stat
from pathlib import Path

import pytest

from pointsman.local.state import Endpoints, State, find
from shared.errors import ConfigurationError, PermanentError


def _ready(folder: Path, kafka: str) -> Path:
    state = State(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state.write_endpoints(
        Endpoints(kafka=kafka, postgres="postgresql+psycopg://x", artifacts="file:///a", home_partitions=4)
    )
    return folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("STATE", "KAFKA", "POSTGRES"):
        monkeypatch.delenv(f"POINTSMAN_{name}", raising=False)


def test_the_option_wins_over_the_variable_and_that_over_the_default_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = _ready(tmp_path / "option", "from-option:1")
    variable = _ready(tmp_path / "variable", "from-variable:1")
    _ready(tmp_path / ".pointsman", "from-default:1")
    monkeypatch.setenv("POINTSMAN_KAFKA", "from-address:1")
    monkeypatch.setenv("POINTSMAN_POSTGRES", "postgresql+psycopg://y")

    default = find().kafka
    monkeypatch.setenv("POINTSMAN_STATE", str(variable))

    assert (find(option).kafka, find().kafka, default) == ("from-option:1", "from-variable:1", "from-default:1")


def test_addresses_are_used_where_no_fleet_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_KAFKA", "far:9092")
    monkeypatch.setenv("POINTSMAN_POSTGRES", "postgresql+psycopg://far")

    found = find()

    assert (found.kafka, found.postgres, found.health) == ("far:9092", "postgresql+psycopg://far", {})


def test_a_folder_that_was_asked_for_is_never_replaced_by_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POINTSMAN_KAFKA", "far:9092")
    monkeypatch.setenv("POINTSMAN_POSTGRES", "postgresql+psycopg://far")

    with pytest.raises(ConfigurationError, match="pointsman up --state"):
        find(tmp_path / "nothing-here")


def test_without_any_fleet_the_error_says_how_to_start_one() -> None:
    with pytest.raises(ConfigurationError, match=r"pointsman up .* POINTSMAN_KAFKA"):
        find()


def test_endpoints_are_for_their_owner_only_because_they_hold_a_password(tmp_path: Path) -> None:
    folder = _ready(tmp_path, "k:1")

    assert stat.S_IMODE(State(folder).endpoints_file.stat().st_mode) == 0o600


def test_a_held_folder_is_refused_with_its_holders_pid_and_free_afterwards(tmp_path: Path) -> None:
    state = State(tmp_path / "state")

    with state.locked():
        assert State(tmp_path / "state").running_pid() == os.getpid()
        with pytest.raises(PermanentError, match=str(os.getpid())), State(tmp_path / "state").locked():
            pass

    assert state.running_pid() is None
    with state.locked():
        pass


def test_a_password_in_a_file_becomes_part_of_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("a/b@c\n")
    monkeypatch.setenv("POINTSMAN_KAFKA", "far:9092")
    monkeypatch.setenv("POINTSMAN_POSTGRES", "postgresql+psycopg://me@far:5432/fleet")
    monkeypatch.setenv("POINTSMAN_POSTGRES_PASSWORD_FILE", str(tmp_path / "password"))

    assert find().postgres == "postgresql+psycopg://me:a%2Fb%40c@far:5432/fleet"

    monkeypatch.setenv("POINTSMAN_POSTGRES_PASSWORD_FILE", str(tmp_path / "nothing-here"))
    with pytest.raises(ConfigurationError, match="expected a readable file"):
        find()
