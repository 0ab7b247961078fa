import asyncio
import json
from pathlib import Path

import openai
import pytest

from pointsman.command.main import run
from services.simulator.app import running
from services.simulator.settings import SimulatorSettings
from tests.integration.simulator.driver import LLM, Driver

PROMPT = "What is 2 + 3 * 4?"


async def command(driver: Driver, *arguments: str) -> int:
    """Exit code of `pointsman simulate set … --url URL`."""
    return await asyncio.to_thread(
        run, ["simulate", "set", *arguments, "--url", str(driver.client.base_url).rstrip("/")]
    )


async def test_faults_are_set_and_ended_while_the_simulator_runs(
    simulator: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await command(simulator, LLM, "--error-rate", "1", "--error-kind", "auth", "--parallelism", "3") == 0
    with pytest.raises(openai.AuthenticationError):
        await simulator.ask(PROMPT)
    assert "auth 1" in capsys.readouterr().out

    assert await command(simulator, "--error-rate", "0", "--json") == 0
    shown = json.loads(capsys.readouterr().out)

    assert (await simulator.ask(PROMPT)).choices[0].message.content
    assert shown[LLM]["parallelism"] == 3
    assert len(shown) == 6


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("nobody",), "nobody"), ((LLM, "--error-rate", "1.5"), "faults"), ((LLM, "--speed", "0"), "speed")],
)
async def test_what_the_simulator_refuses_is_bad_input(
    simulator: Driver, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], named: str
) -> None:
    assert await command(simulator, *arguments) == 2

    assert named in capsys.readouterr().err


async def test_a_simulator_that_is_away_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(SimulatorSettings()) as base_url:
        pass

    assert await asyncio.to_thread(run, ["simulate", "set", LLM, "--url", base_url]) == 1
    assert "no simulator answers" in capsys.readouterr().err


async def test_planted_data_is_written_with_its_pools(tmp_path: Path) -> None:
    out, pools = tmp_path / "planted.parquet", tmp_path / "pools.json"
    options = ["simulate", "data", "--queries", "20", "--out", str(out), "--pool-out", str(pools)]

    assert await asyncio.to_thread(run, options) == 0

    assert out.stat().st_size > 0
    assert {name: len(pool["llms"]) for name, pool in json.loads(pools.read_text()).items()} == {
        "planted": 4,
        "planted_all": 6,
    }
    async with running(SimulatorSettings(data=tmp_path, pool="planted")) as base_url, Driver(base_url) as driver:
        assert len([model async for model in driver.client.models.list()]) == 4


async def test_data_for_a_folder_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    options = ["simulate", "data", "--queries", "1", "--out", str(tmp_path / "no" / "a"), "--pool-out", "pools.json"]

    assert await asyncio.to_thread(run, options) == 2
