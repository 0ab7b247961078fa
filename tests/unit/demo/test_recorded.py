"""Recorded answers as the demo's material, and what is said where they do not do."""

import json
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from pointsman.demo.options import DemoOptions
from pointsman.demo.recorded import recorded
from services.simulator.dataset import write_dataset, write_pools
from services.simulator.profiles import CAST
from shared.errors import ConfigurationError

_LLMS = CAST[:3]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder / "made.parquet", 300, _LLMS)
    write_pools(folder / "pools.json", "made", {"three": _LLMS, "four": CAST[:4]})
    return folder


def _options(out: Path) -> DemoOptions:
    return DemoOptions(out=out, queries=50)


def test_only_the_asked_queries_are_replayed_by_all_llms(data: Path, tmp_path: Path) -> None:
    material = recorded(_options(tmp_path), data, "three")

    replayed = parquet.read_table(tmp_path / "fleet" / "recorded" / "asked.parquet")
    assert len(material.asked) == 50
    assert set(replayed["prompt"].to_pylist()) == {one.prompt for one in material.asked}
    assert replayed.num_rows == 50 * len(_LLMS)
    assert material.lessons is not None
    assert not {one.prompt for one in material.asked} & set(material.lessons.recorded.prompts)


def test_one_llm_of_the_pool_joins_later(data: Path, tmp_path: Path) -> None:
    material = recorded(_options(tmp_path), data, "three")

    pool = json.loads((tmp_path / "fleet" / "recorded" / "pools.json").read_text())["asked"]
    assert set(pool["llms"]) == {llm.name for llm in _LLMS}
    assert material.fleet.simulate == len(_LLMS) - 1
    assert material.joining is not None
    assert material.joining.stem == pool["llms"][-1]


def test_a_folder_without_the_pool_is_told_which_there_are(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="expected one of four, three"):
        recorded(_options(tmp_path), data, "five")


def test_a_folder_without_pools_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"pools\.json"):
        recorded(_options(tmp_path), tmp_path, "three")


def test_an_llm_that_the_data_lacks_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=CAST[3].name):
        recorded(_options(tmp_path), data, "four")
