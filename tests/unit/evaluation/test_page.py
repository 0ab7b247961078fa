"""The report, its page and its files."""

import json
from pathlib import Path

import pytest

from pointsman.evaluation import report as reported
from pointsman.evaluation import sections
from pointsman.evaluation.encoders import Speed
from pointsman.evaluation.judging import Judge
from pointsman.evaluation.lineup import BASELINES
from pointsman.evaluation.page import render
from pointsman.evaluation.report import Report
from pointsman.evaluation.writing import write
from shared.encoder import EncoderCard
from shared.errors import PermanentError
from tests.unit.evaluation.planted import LLMS, planted


@pytest.fixture(scope="module")
def report() -> Report:
    """Of the baselines alone, one of them in the place of the served router."""
    problem = planted(300, 120)
    judge = Judge(problem.material, samples=50)
    verdicts = {name: judge.judge(play(problem)) for name, play in {"pointsman": BASELINES["knn"], **BASELINES}.items()}
    calibration = reported.Calibration(
        bins=(reported.Bin(predicted=0.5, observed=0.4, rows=9),),
        error=0.1,
        squared_error=0.2,
        constant_squared_error=0.3,
    )
    prediction = reported.Prediction(
        head=None,
        rejected="no better than the constant",
        training_rows=300,
        predicted_cost_usd=0.001,
        realised_cost_usd=0.002,
        cost_correlation=None,
        predicted_tokens=None,
        realised_tokens=None,
        interval_coverage=None,
        usd_per_mtok_input=0.0,
        usd_per_mtok_output=1.0,
        prices_explain=None,
        calibration=calibration,
    )
    card = EncoderCard(
        version="enc<1>",
        name="encoder",
        tokenizer_sha256="0",
        dimensions=12,
        depth=1,
        max_length=64,
        precision="int8",
        opset=20,
        made_by={},
        measured={},
    )
    return Report(
        **dict(sections.routing(problem.material, verdicts)),
        served=reported.Served(
            willingness_to_pay=1.4,
            alpha=0.01,
            quality_ratio=0.9,
            cost_share=0.1,
            predicted_over_realised_cost=None,
            shares=dict.fromkeys(LLMS, 0.25),
        ),
        domains=sections.domains(judge, verdicts),
        calibration=calibration,
        predictions=dict.fromkeys(LLMS, prediction),
        encoder=sections.encoder(card, Speed(100.0, 90.0)),
        withhold={},
        ood=None,
        sources=reported.Sources(
            train=("train.parquet",),
            test=("test.parquet",),
            llms=LLMS,
            train_queries=300,
            test_queries=120,
            seed=0,
            seconds=1.0,
            left_out=sections.left_out(problem.material.left_out),
        ),
    )


def test_a_report_survives_json(report: Report) -> None:
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_what_is_never_reached_is_null_in_json(report: Report) -> None:
    random = json.loads(report.model_dump_json())["routers"]["random"]

    assert random["cost_share_at_quality_ratio"]["1.0"] is None
    assert random["ci95"]["cost_share_at_quality_ratio"]["1.0"] == [None, None]


def test_domains_are_the_data_sets(report: Report) -> None:
    assert list(report.domains) == ["topic-0", "topic-1", "topic-2"]
    assert sum(one.queries for one in report.domains.values()) == 120


def test_the_page_loads_nothing_and_escapes_all(report: Report) -> None:
    page = render(report)

    assert "http" not in page
    assert "src=" not in page
    assert "enc&lt;1&gt;" in page
    assert "enc<1>" not in page


def test_the_page_names_every_router_and_what_it_does(report: Report) -> None:
    page = render(report)

    assert all(f"{name}<span" in page for name in report.routers)
    assert "whose name a live fleet is not told" in page


def test_unknown_forecasts_are_dashes_and_said_in_the_small_print(report: Report) -> None:
    page = render(report)

    assert "none: its prior" in page
    assert "Tokens are not recorded of ash, birch, cedar, dear" in page
    assert "No head beats the constant for ash, birch, cedar, dear" in page


def test_an_earlier_evaluation_is_replaced(report: Report, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(report, out)
    (out / "index.html").write_text("old")

    write(report, out)

    assert (out / "index.html").read_text() == render(report)
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_cannot_be_written_is_told(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PermanentError, match="--out"):
        write(report, tmp_path / "file" / "out")
