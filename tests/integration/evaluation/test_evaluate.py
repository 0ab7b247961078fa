"""`pointsman evaluate` from files to figures, plots and page."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman.command.main import run
from pointsman.evaluation.encoders import keep, part_of
from pointsman.evaluation.lineup import BASELINES
from services.embedder.export import ExportConfig
from tests.integration.conftest import EncoderFixture
from tests.integration.training.recording import LLMS, write_recording

_PARTS = ("extra", "ridge")
_PICTURES = {"quality-cost.png", "calibration.png", "cost.png", "length.png", "domains.png"}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, store: Path, encoder: EncoderFixture) -> Path:
    """What an evaluation wrote: cooks answer on food, sailors on the sea, coins by chance."""
    folder = tmp_path_factory.mktemp("evaluation")
    place = part_of(folder / "cache" / "encoders", ExportConfig())
    shutil.copytree(store, place)
    keep(encoder.int8.model, place)
    data, pool = write_recording(folder, rows_per_prompt=3)
    rows = [row | _unrecorded(row) for row in pq.read_table(data).to_pylist()]
    train = _write(folder / "train.parquet", [row for row in rows if not str(row["query_id"]).endswith("2")])
    test = _write(folder / "test.parquet", [row for row in rows if str(row["query_id"]).endswith("2")])
    ood = _write(folder / "ood.parquet", [row | _elsewhere(row) for row in pq.read_table(test).to_pylist()])
    written = folder / "written"
    given = ["--train", train, "--test", test, "--pool", pool, "--ood", ood, "--withhold", "cook", "--out", written]
    given += ["--parts", ",".join(_PARTS)]
    assert run(["evaluate", *map(str, given), "--cache", str(folder / "cache")]) == 0
    return written


@pytest.fixture
def report(out: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((out / "report.json").read_text())
    return read


def test_the_report_holds_every_router_with_its_whole_curve(report: dict[str, Any]) -> None:
    parts = {f"mixllm_{kind}" for kind in _PARTS}

    assert set(report["routers"]) == {"pointsman", *parts, *BASELINES}
    assert set(report["llms"]) == set(LLMS)
    settings = [point["setting"] for point in report["routers"]["pointsman"]["curve"]]
    assert len(settings) == 401
    assert settings[0] == 0
    assert settings == sorted(settings)
    assert set(report["differences"]) == {f"pointsman - {name}" for name in report["routers"] if name != "pointsman"}


def test_the_figures_follow_from_the_curve_and_the_reference(report: dict[str, Any]) -> None:
    reference = report["reference"]
    assert reference == {"llm": "sailor", **report["llms"]["sailor"]}

    for router in report["routers"].values():
        points = [
            (point["cost_usd"] / reference["cost_usd"], point["quality"] / reference["quality"])
            for point in router["curve"]
        ]
        best = [max([0.0, *(ratio for cost, ratio in points if cost <= at / 100 + 1e-9)]) for at in range(2, 101)]
        assert router["area"] == pytest.approx(np.mean(best))
        cheapest = min((cost for cost, ratio in points if ratio >= 0.9725 - 1e-9), default=None)
        assert router["cost_share_at_quality_ratio"]["0.9725"] == pytest.approx(cheapest)
        low, high = router["ci95"]["area"]
        assert low <= high
        assert set(router["ci95"]) == set(router) - {"curve", "ci95"}
        assert set(router["ci95"]["quality_ratio_at_cost_share"]) == {"0.1", "0.2418"}


def test_the_planted_skills_are_found(report: dict[str, Any]) -> None:
    low, mean, high = report["differences"]["pointsman - best_single"]["area"]

    assert 0 < low <= mean <= high
    assert report["routers"]["pointsman"]["max_quality_ratio"] > 1.8


def test_predictions_are_told_against_what_came(report: dict[str, Any]) -> None:
    cook = report["predictions"]["cook"]

    assert cook["head"] is not None
    assert cook["predicted_tokens"] == pytest.approx(cook["realised_tokens"], rel=0.1)
    assert cook["predicted_cost_usd"] == pytest.approx(cook["realised_cost_usd"], rel=0.1)
    assert cook["calibration"]["error"] < 0.15
    assert report["predictions"]["coin"]["head"] is None
    assert report["encoder"]["prompts_per_s_at_137_tokens"] > 0


def test_a_newcomer_is_worth_more_the_more_of_it_is_known(report: dict[str, Any]) -> None:
    cook = report["withhold"]["cook"]

    assert list(cook["rows"]) == ["0", "20", "50", "200", "all"]
    assert cook["rows"]["0"]["head"] is None
    assert cook["rows"]["all"]["gain"][0] > 0
    assert cook["rows"]["all"]["area"] > cook["rows"]["0"]["area"]


def test_elsewhere_the_same_routers_are_scored(report: dict[str, Any]) -> None:
    assert set(report["ood"]["routers"]) == set(report["routers"])
    assert report["ood"]["queries"] == report["sources"]["test_queries"]


def test_page_and_pictures_stand_beside_the_report(out: Path) -> None:
    page = (out / "index.html").read_text()

    assert {file.name for file in out.iterdir()} == {"report.json", "index.html", *_PICTURES}
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in _PICTURES)
    assert "http" not in page.replace("http-equiv", "")
    for said in ("pointsman", "dataset_mean", "sailor", "An LLM that comes new", "Elsewhere"):
        assert said in page


def _unrecorded(row: dict[str, Any]) -> dict[str, Any]:
    """Costs that follow from tokens, by LLM."""
    usd_per_token = {"cook": 1e-5, "sailor": 1e-5, "coin": 4e-6}[row["llm"]]
    return {"input_tokens": 10.0, "cost_usd": usd_per_token * row["output_tokens"]}


def _elsewhere(row: dict[str, Any]) -> dict[str, Any]:
    return {"source": "elsewhere", "query_id": f"else-{row['query_id']}", "prompt": f"Please: {row['prompt']}"}


def _write(file: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file
