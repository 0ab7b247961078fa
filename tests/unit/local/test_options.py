"""What `up` accepts."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pointsman.local.options import FleetOptions


def test_the_first_replica_keeps_its_service_name() -> None:
    options = FleetOptions(state=Path("x"), replicas={"predictor": 2})

    assert options.names("executor") == ["executor"]
    assert options.names("predictor", "a") == ["predictor-a", "predictor-a-2"]


@pytest.mark.parametrize("replicas", [{"simulator": 1}, {"decision": -1}, {"decison": 2}])
def test_unknown_services_and_negative_counts_are_refused_by_name(replicas: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(replicas))):
        FleetOptions(state=Path("x"), replicas=replicas)


def test_recorded_answers_need_a_pool_and_exclude_real_llms() -> None:
    with pytest.raises(ValidationError, match="--data and --pool"):
        FleetOptions(state=Path("x"), data=Path("d"))
    with pytest.raises(ValidationError, match="choose one"):
        FleetOptions(state=Path("x"), data=Path("d"), pool="p", llms=Path("l"))


def test_options_survive_the_way_to_a_detached_process() -> None:
    options = FleetOptions(state=Path("x"), replicas={"decision": 2}, data=Path("d"), pool="p")

    assert FleetOptions.model_validate_json(options.model_dump_json()) == options


def test_a_service_can_be_left_to_run_elsewhere() -> None:
    assert FleetOptions(state=Path("x"), replicas={"executor": 0}).names("executor") == []
