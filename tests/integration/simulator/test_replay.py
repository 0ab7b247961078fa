from pathlib import Path

import openai
import pyarrow.parquet as parquet
import pytest

from services.simulator.app import running
from services.simulator.dataset import write_dataset, write_pools
from services.simulator.profiles import CAST
from services.simulator.settings import SimulatorSettings
from tests.integration.simulator.driver import Driver
from tests.recorded import DATA, needs_recorded_answers


async def test_a_recorded_answer_comes_back_over_the_api(tmp_path: Path) -> None:
    write_dataset(tmp_path / "planted.parquet", 5, CAST[:2])
    write_pools(tmp_path / "pools.json", "planted", {"two": CAST[:2]})
    rows = parquet.read_table(tmp_path / "planted.parquet").to_pylist()

    async with running(SimulatorSettings(data=tmp_path, pool="two", speed=100)) as base_url, Driver(base_url) as driver:
        for row in rows:
            completion = await driver.ask(row["prompt"], llm=row["llm"])
            assert completion.choices[0].message.content == row["response"]
            assert completion.usage is not None
            assert completion.usage.completion_tokens == row["output_tokens"]
        with pytest.raises(openai.NotFoundError, match="Was it recorded") as caught:
            await driver.ask("Was it recorded?", llm=CAST[0].name)
        assert caught.value.code == "prompt_not_recorded"


@needs_recorded_answers
async def test_thirteen_recorded_llms_answer_as_they_did() -> None:
    settings = SimulatorSettings(data=DATA, pool="zeroeval_13", speed=100)
    rows = parquet.read_table(
        DATA / "zeroeval.parquet", filters=[("llm", "=", "gemma-2-9b-it"), ("dataset", "=", "gsm")]
    ).to_pylist()[:20]

    async with running(settings) as base_url, Driver(base_url) as driver:
        llms = [model.id async for model in driver.client.models.list()]
        said = [(await driver.ask(row["prompt"], llm=row["llm"])).choices[0].message.content for row in rows]

    assert said == [row["response"] for row in rows]
    assert len(llms) == 13
